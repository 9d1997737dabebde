// Package cloudwatch sends documents to Amazon CloudWatch Logs, each to the
// group of its service and retention class and to the stream of its node.
//
// # Where documents go
//
// By default the group is /sluice/SERVICE/CLASS and the stream is the host's
// name: /sluice/bookings/audit, ip-10-0-0-1. A service or host that an event
// has not is "generic". The class is part of the group because a group has one
// retention; a log_group without ${retention.class} is refused where classes
// are kept for different times. Values from events are confined to letters,
// digits and . - _ and to 100 bytes, so that no event can name another
// service's group, and max_streams bounds how many names they can make.
//
// What is missing is made when its first document comes: the group with its
// class, tags and the retention of its class, then the stream. What is there is
// left as it is. With bootstrap = "never" nothing is made.
//
// The service takes one request of a stream at a time from us. A stream whose
// requests are full and follow each other without a pause for 5 seconds gets
// another one beside it, NAME/2 and so on up to max_spread; the documents of a
// source move between them by runs of 1 MiB.
//
// # What an event is
//
// Its message is the document, or one field of it: with message = "message"
// readers see the plain line. A document that has no such field is sent whole,
// and so is one in the embedded metric format (_aws.CloudWatchMetrics at its
// root), which passes untouched. Bytes that are not UTF-8 become U+FFFD. Its
// time is the event's.
//
// A message longer than max_event_size is cut: the value of the document's
// message is shortened, with a mark that says how long the whole was, so that it
// stays JSON; where that is not enough the end is cut off. With on_large =
// "split" it becomes several events of the same time, each beginning with
// [sluice 2/3 ID].
//
// # Calls
//
// PutLogEvents takes at most 1,048,576 bytes, with 26 counted for each event,
// 10,000 events, and 24 hours from the first to the last, in the order of time.
// A request is sorted (events of one millisecond keep their order) and sent in
// as many calls as it needs, one after the other; documents of calls that were
// answered are not sent again. Bodies are gzip. The SDK's own retries are off:
// the agent retries, without end.
//
// # What can be lost or repeated
//
// Nothing is lost silently. The service refuses events that are more than 14
// days old, older than what their group keeps, or more than 2 hours ahead; they
// become dead letters with that reason. What is surely refused is not sent: that
// goes by the service's clock, not ours, and by the retention that the group
// really has. Replays of old data meet these limits.
//
// Events can be repeated. CloudWatch Logs has no way to tell that it has an
// event already: when the answer to a call is lost (a time-out, a connection cut
// after the request was sent, status 500), its documents are sent again, and are
// stored twice if the first time had worked. sluice_cloudwatch_possible_repeats_total
// counts them. The same holds for what was sent in the last second before the
// agent is killed.
//
// Order within a stream is by time; events of one millisecond that came in
// different calls can change places.
//
// # Answers
//
//	throttled (ThrottlingException, 429)         a pause, then all again
//	ServiceUnavailable, 5xx, no answer           all again
//	ResourceNotFound                             made, and sent again
//	credentials, signature, rights, quotas       the output waits for a person
//	order, size, or a body that is refused       sent in two, until one document stands
//	                                             alone: that one is a dead letter
//	any other 4xx                                the output waits for a person
//
// A 200 counts only if it is a JSON object: it may name rejected events, and a
// proxy's page is no answer.
//
// # Credentials and rights
//
// Credentials come from the SDK's chain: environment, shared config and
// credentials files (profile), a web identity (IRSA), the container's or the
// instance's role; role_arn assumes a role with them. They are looked for again
// after they were refused. The least that is needed:
//
//	{
//	  "Version": "2012-10-17",
//	  "Statement": [{
//	    "Effect": "Allow",
//	    "Action": ["logs:PutLogEvents", "logs:CreateLogStream", "logs:CreateLogGroup",
//	               "logs:TagResource", "logs:PutRetentionPolicy"],
//	    "Resource": "arn:aws:logs:*:*:log-group:/sluice/*"
//	  }, {
//	    "Effect": "Allow",
//	    "Action": "logs:DescribeLogGroups",
//	    "Resource": "*"
//	  }]
//	}
//
// PutLogEvents alone will do with bootstrap = "never". TagResource is needed with
// tags only. Without PutRetentionPolicy groups are made that keep for ever;
// without DescribeLogGroups expired events are not foreseen (the service says
// so), and `sluice retention plan` sees nothing. `sluice retention apply` needs
// logs:DeleteRetentionPolicy for classes that are kept for ever.
//
// # Retention
//
// A group can keep for 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545,
// 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653 days, or for ever. A class gets
// the next that is not shorter; above 3653 days it is kept for ever. Retention is
// set when a group is made, and afterwards by `sluice retention apply` alone,
// which never shortens it without --shorten CLASS. An account can have a
// retention policy that overrides the group's own: plan shows what is really
// kept, and a new group that is told otherwise is logged.
//
// If an agent is killed between making a group and setting its retention, the
// group keeps for ever, and plan shows that.
package cloudwatch
