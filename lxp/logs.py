"""Logs: one JSON object a line with organisation, actor, request, event and task id; readable in development."""

from __future__ import annotations

import logging.config
import os
import sys
from typing import Any

import structlog


def configure(options: dict[str, Any]) -> None:
    """Set up the standard library's and structlog's logging alike. `options`: level, json (bool)."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso"),
    ]
    last: Any = structlog.processors.JSONRenderer()
    if not options["json"]:
        # Plain tracebacks: the rich ones print every local variable, and with them people's data.
        colours = sys.stderr.isatty() or bool(os.environ.get("FORCE_COLOR"))
        last = structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=structlog.dev.plain_traceback)
    tail: list[Any] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if options["json"]:
        tail.append(structlog.processors.format_exc_info)
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "all": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "foreign_pre_chain": shared,
                    "processors": [*tail, last],
                }
            },
            "handlers": {"out": {"class": "logging.StreamHandler", "formatter": "all"}},
            "root": {"handlers": ["out"], "level": options["level"]},
            "loggers": {"django.request": {"level": "ERROR"}, "celery.beat": {"level": "WARNING"}},
        }
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
