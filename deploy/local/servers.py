"""The two private servers, for `make run` and the tests.

async with rabbitmq(directory) as broker, mongod(other_directory) as database: ...
"""

from deploy.local.mongod import MongoServer, mongod
from deploy.local.rabbitmq import RabbitServer, rabbitmq

__all__ = ["MongoServer", "RabbitServer", "mongod", "rabbitmq"]
