"""Pages and REST (WSGI: one thread per worker, persistent connections)."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lxp.settings")
application = get_wsgi_application()
