"""``start``: serve the application until a signal."""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from fastnfurious.cli.effective import effective_settings
from fastnfurious.cli.env_file import EnvFile, use_env_file
from fastnfurious.cli.exit_codes import ExitCode
from fastnfurious.cli.launch import Launch, Role
from fastnfurious.cli.listeners import bind, bind_management
from fastnfurious.cli.log_takeover import take_over_logs
from fastnfurious.cli.options import by_option, given
from fastnfurious.cli.serving import serve
from fastnfurious.cli.settings import ServerSettings
from fastnfurious.cli.target import Target
from fastnfurious.core.errors import ConfigurationError, SettingsError

__all__ = ["serve_until_signal", "start"]

LogLevel = Annotated[
    str | None,
    typer.Option("--log-level", metavar="TEXT", help="Least level that is logged. [LOG_LEVEL]"),
]


def start(
    ctx: typer.Context, env_file: EnvFile = None, log_level: LogLevel = None, **options: Any
) -> int:
    """Serve the application until a signal."""
    use_env_file(env_file)
    if log_level is not None:
        os.environ["LOG_LEVEL"] = log_level
    return serve_until_signal(ctx.obj, given(options))


def serve_until_signal(target: Target, options: dict[str, Any]) -> int:
    """Serve an application until a signal.

    Args:
        target: The application.
        options: Fields of `ServerSettings` that were given as options.

    Returns:
        The exit code.

    Raises:
        SettingsError: An option or a variable is wrong.
        ConfigurationError: Settings contradict each other, or TLS files cannot be used.
        PortTaken: An address cannot be listened on.
    """
    settings = _settings(options)
    _check_tls(settings)
    if settings.reload and settings.workers > 1:
        raise ConfigurationError("--reload works with one worker: leave out --workers")
    launch = Launch(target, settings)
    sockets = bind(settings)
    ours = _identity(settings.uds)
    try:
        return _serve(launch, sockets)
    finally:
        for listener in sockets:
            listener.close()
        # The path may be another service's by now, started while this one was stopping.
        if settings.uds is not None and _identity(settings.uds) == ours:
            settings.uds.unlink(missing_ok=True)


def _identity(path: Path | None) -> tuple[int, int] | None:
    if path is None or not path.exists():
        return None
    found = path.stat()
    return found.st_dev, found.st_ino


def _settings(options: dict[str, Any]) -> ServerSettings:
    try:
        return ServerSettings.load(**options)
    except SettingsError as error:
        raise by_option(error, ServerSettings, options) from None


def _check_tls(settings: ServerSettings) -> None:
    if settings.ssl_certfile is None:
        if settings.ssl_keyfile is not None or settings.ssl_ca_certs is not None:
            raise ConfigurationError("TLS needs a certificate: set --ssl-certfile (SSL_CERTFILE)")
        return
    password = settings.ssl_keyfile_password
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(
            settings.ssl_certfile,
            settings.ssl_keyfile,
            # Without a function OpenSSL would ask on the terminal.
            lambda: password.get_secret_value() if password else "",
        )
        if settings.ssl_ca_certs:
            context.load_verify_locations(settings.ssl_ca_certs)
        if settings.ssl_ciphers:
            context.set_ciphers(settings.ssl_ciphers)
    except (ssl.SSLError, OSError) as error:
        raise ConfigurationError(
            f"The TLS files cannot be used ({error.args[-1]}): check --ssl-certfile, "
            "--ssl-keyfile, --ssl-keyfile-password, --ssl-ca-certs and --ssl-ciphers"
        ) from error


def _serve(launch: Launch, sockets: list[socket.socket]) -> int:
    if launch.settings.reload:
        return _serve_reloading(launch, sockets)
    if launch.settings.workers > 1:
        return _serve_with_workers(launch, sockets)
    from fastnfurious.cli.server import Server

    return serve(Server(launch), sockets)


def _serve_reloading(launch: Launch, sockets: list[socket.socket]) -> int:
    from fastnfurious.cli.reloader import Reloader

    Reloader(replace(launch, role=Role.RELOADED), sockets).run()
    return ExitCode.OK


def _serve_with_workers(launch: Launch, sockets: list[socket.socket]) -> int:
    from fastnfurious.cli.workers import Workers
    from fastnfurious.metrics.workers import forget_workers, prepare_workers

    # Imported here as well, so that a broken application is reported once, before anything runs.
    app = launch.target.load()
    effective_settings(app)
    management = bind_management(app.settings, launch.settings)
    take_over_logs(app, launch.settings)
    launch = replace(launch, management=len(management))
    prepare_workers()
    try:
        workers = Workers(launch, [*sockets, *management], app)
        workers.run()
        return workers.exit_code
    finally:
        forget_workers()
        for listener in management:
            listener.close()
