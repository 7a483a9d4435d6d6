"""RabbitMQ: topology, publishing with confirms, consuming partitions in order. The only importer of aio-pika."""
