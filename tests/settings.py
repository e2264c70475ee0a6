"""Settings of the tests: the product's own, made quick, silent and repeatable."""

import os
import tempfile
from pathlib import Path

os.environ.setdefault("SECRET_KEY", "only-for-tests-" + "0" * 40)
os.environ["EMAIL_URL"] = "memory://"
os.environ.pop("LXP_CLOCK_FILE", None)  # a demo's moved clock must not move the tests

from lxp.settings import *  # noqa: F403
from lxp.settings import REST_FRAMEWORK as _REST
from lxp.settings import STORAGES as _STORAGES

DEBUG = False
SITE_URL = "http://testserver"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
# No manifest to collect first: addresses are the files' own names.
STORAGES = {**_STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
REST_FRAMEWORK = {**_REST, "DEFAULT_THROTTLE_CLASSES": []}
# One folder per process; conftest removes it.
MEDIA_ROOT = Path(tempfile.gettempdir()) / f"lxp-tests-media-{os.getpid()}"
LOGGING = {"level": "WARNING", "json": False}
