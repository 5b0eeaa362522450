"""O par por HTTP: uma API, uma página e um cache sobre os mesmos dados selados."""

from web.app import create_app

__all__ = ["create_app"]
