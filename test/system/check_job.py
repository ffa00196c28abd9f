"""An independent look at a finished job: Python's own csv and hashlib, and boto3; no code of s3batch.

usage: check_job.py FACTS.json      (endpoint, region, accessKeyId, secretAccessKey, reportBucket, reportPrefix, jobId,
                                     rowsFile: JSON lines [bucket, key, versionId, reportedKey], tag: {key, value} or null,
                                     untagged: true, or copies: {bucket, prefix} where that is what the job did,
                                     notificationsFile: JSON lines {status, jobEventId} or null, complete: bool)
Checks: MD5s of manifest and parts; every manifest row exactly once in the report (at most once if the job was cancelled or
failed); sums; the final tags or the copy in S3 of every succeeded row, and no copy of any other; event ids unique. Prints one JSON line of counts, exits 1 on a fault.
"""
import collections, concurrent.futures, csv, hashlib, http.client, io, json, re, sys, threading, urllib.parse
import boto3
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.config import Config

csv.field_size_limit(1 << 20)
facts = json.load(open(sys.argv[1], encoding="utf-8"))
faults = []
s3 = boto3.client(
    "s3", endpoint_url=facts["endpoint"], region_name=facts["region"],
    aws_access_key_id=facts["accessKeyId"], aws_secret_access_key=facts["secretAccessKey"],
    config=Config(s3={"addressing_style": "path"}, max_pool_connections=32, retries={"max_attempts": 5}))


def fetch(key):
    return s3.get_object(Bucket=facts["reportBucket"], Key=key)["Body"].read()


prefix = facts["reportPrefix"] + "/" if facts["reportPrefix"] else ""
base = f"{prefix}job-{facts['jobId']}/"
manifest_bytes = fetch(base + "manifest.json")
if fetch(base + "manifest.json.md5").decode().strip() != hashlib.md5(manifest_bytes).hexdigest():
    faults.append("manifest.json.md5 does not match manifest.json")
manifest = json.loads(manifest_bytes)

rows = []
listed = set()
for entry in manifest["Results"]:
    listed.add(entry["Key"])
    body = fetch(entry["Key"])
    if hashlib.md5(body).hexdigest() != entry["MD5Checksum"]:
        faults.append(f"{entry['Key']}: MD5 differs from the manifest's")
    if body and not body.endswith(b"\r\n"):
        faults.append(f"{entry['Key']}: does not end in CRLF")
    for row in csv.reader(io.StringIO(body.decode("utf-8"), newline="")):
        if len(row) != 7:
            faults.append(f"{entry['Key']}: a row of {len(row)} columns")
            continue
        if row[3] != entry["TaskExecutionStatus"]:
            faults.append(f"{entry['Key']}: a {row[3]} row in a file of {entry['TaskExecutionStatus']}")
        rows.append(row)
for page in s3.get_paginator("list_objects_v2").paginate(Bucket=facts["reportBucket"], Prefix=base + "results/"):
    for item in page.get("Contents", []):
        if item["Key"] not in listed:
            faults.append(f"{item['Key']}: a part that the manifest does not name")

expected = collections.Counter()
plain = {}
for line in open(facts["rowsFile"], encoding="utf-8"):
    bucket, key, version, reported = json.loads(line)
    expected[(bucket, reported, version)] += 1
    plain[(bucket, reported, version)] = key
seen = collections.Counter((row[0], row[1], row[2]) for row in rows)
doubled = [row for row, count in seen.items() if count > expected[row]]
missing = [row for row, count in expected.items() if count > seen[row]]
if doubled:
    faults.append(f"{len(doubled)} rows doubled or foreign, such as {doubled[0]}")
if facts["complete"] and missing:
    faults.append(f"{len(missing)} rows missing, such as {missing[0]}")

status = collections.Counter(row[3] for row in rows)
done = [row for row in rows if row[3] == "succeeded"]

# boto3 makes some 700 calls a second; signing with botocore and asking over plain connections makes thousands.
signer = S3SigV4Auth(Credentials(facts["accessKeyId"], facts["secretAccessKey"]), "s3", facts["region"])
host = urllib.parse.urlsplit(facts["endpoint"]).netloc
local = threading.local()


def ask(bucket, key, query=""):
    target = f"/{bucket}/{urllib.parse.quote(key, safe='/~')}" + (f"?{query}" if query else "")
    request = AWSRequest(method="GET", url=facts["endpoint"] + target)
    signer.add_auth(request)
    if not hasattr(local, "connection"):
        local.connection = http.client.HTTPConnection(host)
    local.connection.request("GET", target, headers={**dict(request.headers), "Host": host})
    answer = local.connection.getresponse()
    return answer.status, answer.read()


def key_of(row):
    return plain.get((row[0], row[1], row[2]), row[1])


def has_tags(row, wanted):
    version = f"&versionId={row[2]}" if row[2] else ""
    answer = ask(row[0], key_of(row), "tagging=" + version)[1].decode()
    return re.findall(r"<Key>([^<]*)</Key><Value>([^<]*)</Value>", answer) == wanted


def listed_in(bucket, prefix):
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return {item["Key"]: (item["ETag"], item["Size"]) for page in pages for item in page.get("Contents", [])}


def count_wrong(is_right):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        return sum(not right for right in pool.map(is_right, done, chunksize=64))


wrong_tags = wrong_copies = 0
if facts.get("tag") or facts.get("untagged"):
    tags = [(facts["tag"]["key"], facts["tag"]["value"])] if facts.get("tag") else []
    wrong_tags = count_wrong(lambda row: has_tags(row, tags))
    for row in done[:20]:
        version = {"VersionId": row[2]} if row[2] else {}
        found = s3.get_object_tagging(Bucket=row[0], Key=key_of(row), **version)["TagSet"]
        if found != [{"Key": key, "Value": value} for key, value in tags]:
            faults.append(f"boto3 finds other tags on {row[:3]}")
    if wrong_tags:
        faults.append(f"{wrong_tags} succeeded objects without the tags in S3 that they should have")
if facts.get("copies"):
    # All by the ETags of both listings, which are MD5s; some by their bytes too.
    copies = facts["copies"]
    made = listed_in(copies["bucket"], copies["prefix"])
    sources = {bucket: listed_in(bucket, "") for bucket in {row[0] for row in rows}}
    wrong_copies = sum(made.get(copies["prefix"] + key_of(row)) != sources[row[0]].get(key_of(row), "absent") for row in done)
    if wrong_copies:
        faults.append(f"{wrong_copies} succeeded objects without a copy of their bytes")
    for row in done[:: max(1, len(done) // 200)]:
        if ask(copies["bucket"], copies["prefix"] + key_of(row)) != ask(row[0], key_of(row)):
            faults.append(f"the copy of {row[:3]} has other bytes")
    foreign = set(made) - {copies["prefix"] + key_of(row) for row in rows}
    if foreign:
        faults.append(f"{len(foreign)} copies of what no row names, such as {min(foreign)}")

events = collections.defaultdict(set)
if facts.get("notificationsFile"):
    for line in open(facts["notificationsFile"], encoding="utf-8"):
        event = json.loads(line)
        events[event["jobEventId"]].add(event["status"])
    if any(len(names) > 1 for names in events.values()):
        faults.append("one event id for two changes")

print(json.dumps({"rows": len(rows), "succeeded": status["succeeded"], "failed": status["failed"], "expected": sum(expected.values()),
                  "parts": len(manifest["Results"]), "wrongTags": wrong_tags, "wrongCopies": wrong_copies, "events": len(events), "faults": faults}))
sys.exit(1 if faults else 0)
