// Package kafka sends documents to Kafka.
package kafka
