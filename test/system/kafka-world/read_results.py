"""An independent reader of one topic, by librdkafka: no code of s3batch, none of kafkajs.

usage: read_results.py BROKER TOPIC
Prints one JSON line per record that read_committed shows: partition, offset, key and value as base64 (null: none), and at the end
{"committed": N, "uncommitted": M}: records with and without the aborted ones. Ends at what was the end when it began.
"""
import base64, json, sys
from confluent_kafka import Consumer, KafkaError, TopicPartition

broker, topic = sys.argv[1:3]
text = lambda data: None if data is None else base64.b64encode(data).decode()


def read(isolation, tell):
    consumer = Consumer({"bootstrap.servers": broker, "group.id": "independent-reader", "enable.auto.commit": False,
                         "isolation.level": isolation, "enable.partition.eof": True, "auto.offset.reset": "error"})
    partitions = sorted(consumer.list_topics(topic, timeout=20).topics[topic].partitions)
    if not partitions:
        sys.exit(f"no topic {topic}")
    consumer.assign([TopicPartition(topic, partition, 0) for partition in partitions])
    left, count = set(partitions), 0
    while left:
        message = consumer.poll(30)
        if message is None:
            sys.exit(f"nothing came of {topic}, partitions {sorted(left)}")
        if message.error():
            if message.error().code() != KafkaError._PARTITION_EOF:
                sys.exit(str(message.error()))
            left.discard(message.partition())
        else:
            count += 1
            tell(message)
    consumer.close()
    return count


def show(message):
    print(json.dumps({"partition": message.partition(), "offset": message.offset(),
                      "key": text(message.key()), "value": text(message.value())}))


committed = read("read_committed", show)
print(json.dumps({"committed": committed, "uncommitted": read("read_uncommitted", lambda message: None)}))
