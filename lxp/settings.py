"""Settings: everything a deployment may change comes from the environment; the README lists it."""

from __future__ import annotations

import secrets
from pathlib import Path

from celery.schedules import crontab
from environs import Env
from servestatic.compress import Compressor

from lxp.embedded import default_var, join

BASE_DIR = Path(__file__).resolve().parent.parent
env = Env()

VAR = default_var()
join(VAR)  # what `make run` started, so that manage.py in another shell meets the same servers, clock and mail


def _secret_key() -> str:
    """The key from the environment, or one made once and kept beside the data."""
    if key := env.str("SECRET_KEY", ""):
        return key
    path = VAR / "secret_key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(50))
    return path.read_text()


SECRET_KEY = _secret_key()
DEBUG = env.bool("DEBUG", False)
SITE_URL = env.str("SITE_URL", f"http://localhost:{env.int('PORT', 8000)}").rstrip("/")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]", "testserver"])
CSRF_FAILURE_VIEW = "lxp.web.errors.csrf_refused"
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", [SITE_URL])
DEMO = env.bool("LXP_DEMO", False)  # the sign-in page offers the people of the demonstration
HTTPS = SITE_URL.startswith("https://")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "servestatic",
    "django.contrib.staticfiles",
    "django_htmx",
    "django_filters",
    "rest_framework",
    "rest_framework_api_key",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "csp",
    "lxp.apps.LxpConfig",
    "content.apps.ContentConfig",
    "sessions.apps.SessionsConfig",
    "journeys.apps.JourneysConfig",
    "recommendations.apps.RecommendationsConfig",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "servestatic.middleware.ServeStaticMiddleware",
    "lxp.web.middleware.request_log",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "lxp.web.middleware.organisation_scope",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "lxp.urls"
WSGI_APPLICATION = "lxp.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": False,
        "OPTIONS": {
            "environment": "lxp.web.jinja.environment",
            "context_processors": [
                "lxp.web.context.page",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
    # For the templates that libraries bring (form widgets, API browser).
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    },
]

DATABASES = {
    "default": {
        **env.dj_db_url("DATABASE_URL", "postgresql://localhost/lxp", conn_max_age=600),
        "CONN_HEALTH_CHECKS": True,
        "TEST": {"NAME": env.str("TEST_DATABASE", None)},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("REDIS_URL", "redis://localhost:6379/0")
CACHES = {
    "default": {
        "BACKEND": "lxp.web.cache.ResilientRedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "lxp",
        "OPTIONS": {"socket_timeout": 2, "socket_connect_timeout": 1, "max_connections": 50},
    }
}
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = False  # the proxy in front does it
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

AUTH_USER_MODEL = "lxp.User"
SILENCED_SYSTEM_CHECKS = [
    "auth.E003",  # the e-mail is unique without regard to case by a database constraint, which this check does not read
    "security.W008",  # the proxy in front sends plain HTTP on to HTTPS
    "security.W005",  # whether other names of the domain are HTTPS only, and for ever, is for its owner to say
    "security.W021",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "lxp:sign-in"
LOGIN_REDIRECT_URL = "lxp:home"
LOGOUT_REDIRECT_URL = "lxp:sign-in"

LANGUAGE_CODE = "en-gb"
LANGUAGES = [("en-gb", "English"), ("de", "Deutsch"), ("pt", "Português"), ("ar", "العربية")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = VAR / "static"
MEDIA_ROOT = Path(env.str("MEDIA_ROOT", str(VAR / "media")))
MEDIA_URL = "/media/"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "servestatic.storage.CompressedManifestStaticFilesStorage"},
}
SERVESTATIC_MAX_AGE = 3600
# Pages only ever name the hashed files, and nobody waits for a source map: compressing either made set-up 8 times slower.
SERVESTATIC_KEEP_ONLY_HASHED_FILES = True
SERVESTATIC_SKIP_COMPRESS_EXTENSIONS = (*Compressor.SKIP_COMPRESS_EXTENSIONS, "map")

vars().update(env.dj_email_url("EMAIL_URL", f"file:///{VAR / 'mail'}"))
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "learning@localhost")
EMAIL_TIMEOUT = 20

_SELF = "'self'"
STREAM_URL = env.str("STREAM_URL", "")
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [_SELF],
        "img-src": [_SELF, "data:"],
        "style-src": [_SELF, "'unsafe-inline'"],  # data-bound custom properties such as style="--p:42"
        "connect-src": [_SELF, *([STREAM_URL] if STREAM_URL else [])],
        "object-src": ["'none'"],
        "base-uri": [_SELF],
        "form-action": [_SELF],
        "frame-ancestors": ["'none'"],
    }
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "lxp.web.rest_defaults.TokenAuthentication",
        "lxp.web.rest_defaults.BrowserAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["lxp.web.rest_defaults.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_PAGINATION_CLASS": "lxp.web.rest_defaults.CursorPages",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_THROTTLE_CLASSES": ["lxp.web.rest_defaults.TokenThrottle"],
    "DEFAULT_THROTTLE_RATES": {"token": env.str("API_RATE", "1200/min")},
    "EXCEPTION_HANDLER": "lxp.web.rest.problem",
    "PAGE_SIZE": 50,
    "DATETIME_FORMAT": "iso-8601",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Learning platform API",
    "VERSION": "1",
    "DESCRIPTION": "Everything an HR system needs to run blended learning without a browser. See docs/api.md.",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_NAME_OVERRIDES": {"CohortState": "journeys.models.Cohort.State", "StepKind": "journeys.models.Step.Kind"},
    "DEFAULT_GENERATOR_CLASS": "lxp.api_schema.Generator",
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums", "lxp.api_schema.complete"],
}

# Celery spells a Redis behind a socket its own way.
CELERY_BROKER_URL = env.str(
    "CELERY_BROKER_URL", REDIS_URL.replace("unix://", "redis+socket://").replace("?db=", "?virtual_host=")
)
CELERY_TASK_IGNORE_RESULT = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_timeout": None, "socket_connect_timeout": 5, "max_connections": 50}
CELERY_TASK_PUBLISH_RETRY = False  # a lost bell is found by the tick; a request must not wait for the broker
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = {
    "drain events": {"task": "lxp.tasks.drain_events", "schedule": 10.0},
    "open due assignments": {"task": "journeys.tasks.open_due", "schedule": 30.0},
    "settle ended sessions": {"task": "sessions.tasks.settle_due", "schedule": 60.0},
    "deliver due messages": {"task": "lxp.tasks.deliver_due", "schedule": 30.0},
    "follow audiences": {"task": "journeys.tasks.follow_audiences", "schedule": crontab(minute=7)},
    "refresh insights": {"task": "recommendations.tasks.refresh_insights", "schedule": crontab(minute=22)},
    "refresh recommendations": {"task": "recommendations.tasks.refresh_all", "schedule": crontab(hour=1, minute=40)},
    "plan weekly recommendations": {
        "task": "recommendations.tasks.plan_weekly",
        "schedule": crontab(hour=2, minute=30, day_of_week="sun"),
    },
    "housekeeping": {"task": "lxp.tasks.keep_house", "schedule": crontab(hour=3, minute=15)},
}

LOG_JSON = env.bool("LOG_JSON", not DEBUG)
LOGGING_CONFIG = "lxp.logs.configure"
LOGGING = {"level": env.str("LOG_LEVEL", "INFO"), "json": LOG_JSON}
