"""The CloudFormation templates of infra/. Their resources are made one by one, through AWS's own clients.

The stand-in's CloudFormation reports success but leaves half of the resources out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aws import REGION, Aws
from cfnlint.decode import cfn_yaml

ACCOUNT = "123456789012"
PSEUDO = {"AWS::AccountId": ACCOUNT, "AWS::Region": REGION, "AWS::Partition": "aws", "AWS::NoValue": ""}


def template(path: Path) -> dict[str, Any]:
    """A template, with its short function names written in full."""
    loaded = json.loads(json.dumps(cfn_yaml.load(str(path)), default=str))
    return dict(loaded)


@dataclass
class Stack:
    """A template with its parameters' values. `made` holds, for each resource, what `Ref` and `GetAtt` return."""

    body: Mapping[str, Any]
    parameters: Mapping[str, str | list[str]]
    made: dict[str, dict[str, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, path: Path, **given: str) -> Stack:
        """A template with values for its parameters. None of its resources is made yet."""
        body = template(path)
        known = {name: str(spec["Default"]) for name, spec in body["Parameters"].items() if "Default" in spec} | given
        lists = {name for name, spec in body["Parameters"].items() if spec["Type"] == "CommaDelimitedList"}
        values = {name: value.split(",") if name in lists else value for name, value in known.items()}
        return cls(body, {**PSEUDO, **values})

    @classmethod
    def create(cls, cloud: Aws, path: Path, **given: str) -> Stack:
        """Make all resources of a template."""
        stack = cls.of(path, **given)
        body = stack.body
        waiting = [name for name, spec in body["Resources"].items() if stack.holds(spec.get("Condition"))]
        while waiting:
            name = next(name for name in waiting if not stack.references(body["Resources"][name]) & set(waiting))
            spec = body["Resources"][name]
            stack.made[name] = MAKERS[spec["Type"]](cloud, stack.value(spec["Properties"]))
            waiting.remove(name)
        return stack

    @property
    def outputs(self) -> dict[str, str]:
        found = self.body.get("Outputs", {}).items()
        return {name: str(self.value(spec["Value"])) for name, spec in found if self.holds(spec.get("Condition"))}

    def holds(self, condition: str | None) -> bool:
        return condition is None or bool(self.value(self.body["Conditions"][condition]))

    def references(self, node: Any) -> set[str]:
        """The resources that a part of the template refers to."""
        text = json.dumps(node)
        return {name for name in self.body["Resources"] if re.search(rf'[{{"]{name}["}}.]', text)}

    def value(self, node: Any) -> Any:
        """A part of the template with its functions evaluated."""
        if isinstance(node, list):
            return [self.value(item) for item in node]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            ((function, given),) = node.items()
            if function in FUNCTIONS:
                return FUNCTIONS[function](self, given)
        return {name: self.value(item) for name, item in node.items()}

    def ref(self, name: str) -> str | list[str]:
        return self.parameters[name] if name in self.parameters else self.made[name]["Ref"]

    def attribute(self, given: str | list[str]) -> str:
        name, attribute = given.split(".", 1) if isinstance(given, str) else given
        return self.made[name][attribute]

    def sub(self, text: str) -> str:
        def replaced(found: re.Match[str]) -> str:
            return self.attribute(found[1]) if "." in found[1] else str(self.ref(found[1]))

        return re.sub(r"\$\{([\w:.]+)\}", replaced, text)


FUNCTIONS: dict[str, Callable[[Stack, Any], Any]] = {
    "Ref": Stack.ref,
    "Fn::GetAtt": Stack.attribute,
    "Fn::Sub": Stack.sub,
    "Fn::Join": lambda stack, given: given[0].join(stack.value(given[1])),
    "Fn::Equals": lambda stack, given: len({str(stack.value(item)) for item in given}) == 1,
    "Fn::Not": lambda stack, given: not stack.value(given[0]),
    "Fn::If": lambda stack, given: stack.value(given[1] if stack.holds(given[0]) else given[2]),
}


def _bucket(cloud: Aws, properties: dict[str, Any]) -> dict[str, str]:
    client, name = cloud.client("s3"), properties["BucketName"]
    client.create_bucket(Bucket=name)
    access = properties["PublicAccessBlockConfiguration"]
    client.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=access)
    client.put_bucket_ownership_controls(Bucket=name, OwnershipControls=properties["OwnershipControls"])
    rules = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    by_default = [{"ApplyServerSideEncryptionByDefault": rule["ServerSideEncryptionByDefault"]} for rule in rules]
    client.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": by_default})
    queues = properties.get("NotificationConfiguration", {}).get("QueueConfigurations", [])
    wanted = [{"QueueArn": each["Queue"], "Events": [each["Event"]]} for each in queues]
    client.put_bucket_notification_configuration(
        Bucket=name, NotificationConfiguration={"QueueConfigurations": wanted} if wanted else {}
    )
    lifecycle = [_lifecycle(rule) for rule in properties["LifecycleConfiguration"]["Rules"]]
    client.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": lifecycle})
    return {"Ref": name, "Arn": f"arn:aws:s3:::{name}"}


def _lifecycle(rule: dict[str, Any]) -> dict[str, Any]:
    """A rule in the form of S3. CloudFormation uses other names for its parts."""
    kept = {name: rule[name] for name in ("Status", "AbortIncompleteMultipartUpload") if name in rule}
    expires = {"Expiration": {"Days": int(rule["ExpirationInDays"])}} if "ExpirationInDays" in rule else {}
    return {"ID": rule["Id"], "Filter": {"Prefix": rule.get("Prefix", "")}, **kept, **expires}


def _queue(cloud: Aws, properties: dict[str, Any]) -> dict[str, str]:
    client, names = (
        cloud.client("sqs"),
        ("MessageRetentionPeriod", "VisibilityTimeout", "ReceiveMessageWaitTimeSeconds"),
    )
    attributes = {name: str(properties[name]) for name in names}
    url = client.create_queue(QueueName=properties["QueueName"], Attributes=attributes)["QueueUrl"]
    arn = client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return {"Ref": url, "Arn": arn}


def _queue_policy(cloud: Aws, properties: dict[str, Any]) -> dict[str, str]:
    for url in properties["Queues"]:
        policy = {"Policy": json.dumps(properties["PolicyDocument"])}
        cloud.client("sqs").set_queue_attributes(QueueUrl=url, Attributes=policy)
    return {"Ref": "policy"}


def _database(cloud: Aws, properties: dict[str, Any]) -> dict[str, str]:
    cloud.client("glue").create_database(**properties)
    return {"Ref": properties["DatabaseInput"]["Name"]}


def _role(cloud: Aws, properties: dict[str, Any]) -> dict[str, str]:
    client, name = cloud.client("iam"), properties["RoleName"]
    made = client.create_role(
        RoleName=name, AssumeRolePolicyDocument=json.dumps(properties["AssumeRolePolicyDocument"])
    )
    for policy in properties["Policies"]:
        document = json.dumps(policy["PolicyDocument"])
        client.put_role_policy(RoleName=name, PolicyName=policy["PolicyName"], PolicyDocument=document)
    return {"Ref": name, "Arn": made["Role"]["Arn"]}


def _stream(cloud: Aws, properties: dict[str, Any]) -> dict[str, str]:
    client, name = cloud.client("kinesis"), properties["Name"]
    shards = {"ShardCount": int(properties["ShardCount"])} if properties.get("ShardCount") else {}
    client.create_stream(StreamName=name, StreamModeDetails=properties["StreamModeDetails"], **shards)
    client.increase_stream_retention_period(StreamName=name, RetentionPeriodHours=properties["RetentionPeriodHours"])
    client.start_stream_encryption(StreamName=name, **properties["StreamEncryption"])
    return {
        "Ref": name,
        "Arn": client.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"],
    }


def _log_group(cloud: Aws, properties: dict[str, Any]) -> dict[str, str]:
    client, name = cloud.client("logs"), properties["LogGroupName"]
    client.create_log_group(logGroupName=name)
    client.put_retention_policy(logGroupName=name, retentionInDays=properties["RetentionInDays"])
    return {"Ref": name}


def _log_stream(cloud: Aws, properties: dict[str, Any]) -> dict[str, str]:
    group, name = properties["LogGroupName"], properties["LogStreamName"]
    cloud.client("logs").create_log_stream(logGroupName=group, logStreamName=name)
    return {"Ref": name}


def _delivery_stream(cloud: Aws, properties: dict[str, Any]) -> dict[str, str]:
    hints = properties["ExtendedS3DestinationConfiguration"]["BufferingHints"]
    hints.update({name: int(value) for name, value in hints.items()})
    cloud.client("firehose").create_delivery_stream(**properties)
    return {"Ref": properties["DeliveryStreamName"]}


MAKERS: dict[str, Callable[[Aws, dict[str, Any]], dict[str, str]]] = {
    "AWS::S3::Bucket": _bucket,
    "AWS::SQS::Queue": _queue,
    "AWS::SQS::QueuePolicy": _queue_policy,
    "AWS::Glue::Database": _database,
    "AWS::IAM::Role": _role,
    "AWS::Kinesis::Stream": _stream,
    "AWS::Logs::LogGroup": _log_group,
    "AWS::Logs::LogStream": _log_stream,
    "AWS::KinesisFirehose::DeliveryStream": _delivery_stream,
}
