"""The fixtures themselves: each server answers, a database is fresh, a stopped server comes back on the same port."""

import signal

import pytest
from redis.asyncio import Redis as Client
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from tests.processes import wait_for
from tests.services import Postgres, Redis


@pytest.mark.parametrize("turn", [1, 2])
async def test_a_database_is_empty_at_the_start_of_every_test(database_url: str, turn: int) -> None:
    engine = create_async_engine(database_url)
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE once (turn INTEGER)"))  # fails if a test before left it behind
        await connection.execute(text("INSERT INTO once VALUES (:turn)"), {"turn": turn})
    async with engine.connect() as connection:
        assert (await connection.execute(text("SELECT turn FROM once"))).scalar_one() == turn
    await engine.dispose()


async def test_a_prepared_database_can_be_copied(postgres_server: Postgres) -> None:
    model = postgres_server.create_database()
    engine = create_async_engine(model)
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE prepared AS SELECT 7 AS seven"))
    await engine.dispose()
    copy = postgres_server.create_database(template=model.rpartition("/")[2])
    engine = create_async_engine(copy)
    async with engine.connect() as connection:
        assert (await connection.execute(text("SELECT seven FROM prepared"))).scalar_one() == 7
    await engine.dispose()
    postgres_server.drop_database(copy)
    postgres_server.drop_database(model)


async def test_redis_comes_back_where_it_was(redis_server: Redis, redis_url: str) -> None:
    async with Client.from_url(redis_url, socket_timeout=1, retry=None) as client:
        assert await client.set("key", "value")
        redis_server.stop(signal.SIGKILL)
        with pytest.raises((RedisConnectionError, RedisTimeoutError)):
            await client.get("key")
        redis_server.start()
        assert await wait_for(client.ping, 5, "redis to answer again")
        assert await client.get("key") is None


async def test_a_paused_redis_is_silent_but_not_gone(redis_server: Redis, redis_url: str) -> None:
    async with Client.from_url(redis_url, socket_timeout=0.2, retry=None) as client:
        await client.set("key", "value")
        redis_server.pause()
        with pytest.raises(RedisTimeoutError):
            await client.get("key")
        redis_server.resume()
        assert await client.get("key") == b"value"
