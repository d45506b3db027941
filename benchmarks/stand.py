"""What several measurements stand on."""

import secrets

from tests.support.stack import ROOT, Stack

from contracts.topics import Topics
from local_stack.waiting import in_own_loop
from provision.topics import create_topics, read_specs


def fresh_topics(stack: Stack) -> Topics:
    """Topics under a prefix of their own."""
    topics = Topics(f"bench{secrets.token_hex(3)}.")
    in_own_loop(create_topics(stack.kafka_bootstrap, read_specs(ROOT / "infra/kafka/topics.toml", topics.prefix, 1)))
    return topics
