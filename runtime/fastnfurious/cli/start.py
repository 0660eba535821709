"""``start``: serve the application until a signal."""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from typing import Annotated, Any

import typer

from fastnfurious.cli.env_file import EnvFile, use_env_file
from fastnfurious.cli.launch import Launch, Role, Signals
from fastnfurious.cli.listeners import bind, bind_port
from fastnfurious.cli.options import by_option, given
from fastnfurious.cli.settings import ServerSettings
from fastnfurious.cli.target import Target
from fastnfurious.core.errors import ConfigurationError, SettingsError
from fastnfurious.core.settings import FastNFuriousSettings

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
    try:
        return _serve(*_with_management(launch, sockets))
    finally:
        if settings.uds is not None:
            settings.uds.unlink(missing_ok=True)


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


def _with_management(
    launch: Launch, sockets: list[socket.socket]
) -> tuple[Launch, list[socket.socket]]:
    service = FastNFuriousSettings.load()
    if service.management_port is None:
        return launch, sockets
    management = bind_port(
        service.management_host,
        service.management_port,
        option="MANAGEMENT_PORT",
        host_option="MANAGEMENT_HOST",
    )
    return replace(launch, management=True), [*sockets, management[0]]


def _serve(launch: Launch, sockets: list[socket.socket]) -> int:
    if launch.settings.reload:
        return _serve_reloading(launch, sockets)
    if launch.settings.workers > 1:
        return _serve_with_workers(launch, sockets)
    from fastnfurious.cli.server import Server

    server = Server(launch)
    server.run(sockets)
    return server.exit_code


def _serve_reloading(launch: Launch, sockets: list[socket.socket]) -> int:
    from fastnfurious.cli.reloader import Reloader

    Reloader(replace(launch, role=Role.RELOADED), sockets).run()
    return 0


def _serve_with_workers(launch: Launch, sockets: list[socket.socket]) -> int:
    from multiprocessing import get_context

    from fastnfurious.cli.workers import Workers

    launch.target.load()  # so that a broken application is reported once
    context = get_context("spawn")
    signals = Signals(stopping=context.Event(), failed=context.Event())
    workers = Workers(
        replace(launch, role=Role.WORKER, signals=signals),
        sockets,
        on_ready=lambda: None,
        on_death=lambda pid: None,
    )
    workers.run()
    return workers.exit_code
