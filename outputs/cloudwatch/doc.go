// Package cloudwatch sends documents to Amazon CloudWatch Logs, each to the
// group of its service and retention class and to the stream of its node.
package cloudwatch
