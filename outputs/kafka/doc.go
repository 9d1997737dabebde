// Package kafka sends documents to Apache Kafka, one record for each, without
// repeats within one run of the agent.
//
// # Records
//
// The value is the document. The headers are content-type, sluice-id (its
// position, the same id that Elasticsearch gets), sluice-retention and
// sluice-time, the time of the event in milliseconds since 1970. The record's
// own time is that of sending: Kafka deletes by the latest time in a segment,
// so that lines of a backfill would be gone at once, and one time in the
// future would keep a segment for ever; brokers from 4.0 on refuse times more
// than an hour ahead.
//
// # Topics and partitions
//
// A topic for each retention class is the default; topic takes any template.
// What an event brings into a name is confined to lower-case letters, digits
// and underscores, and max_topics bounds the number of topics. A topic that is
// missing is created with the retention of its class (of the longest one if
// several share it), and one that is there is never changed but by
// sluice retention apply.
//
// With a key, all documents of a key go to one partition, chosen as Kafka's
// own clients do, and stay in order there. Without one, documents of the same
// tenth of a second share a partition, so that batches are large; then there
// is no order between them. Where partitions are added to a topic, keys move.
//
// # What can be lost or repeated
//
// Acknowledgement is by all replicas in sync (acks = all): what that is worth
// is up to the topic's min.insync.replicas, which should be 2 with three
// replicas. Nothing is lost as long as Kafka keeps what it acknowledged.
//
// Each partition has a producer id and counts its records. A batch without an
// answer is sent again byte for byte before anything else goes to its
// partition, and the broker knows it. So a document is stored once within one
// run, but for two cases, which are counted in
// sluice_kafka_possible_repeats_documents_total: a batch that was not answered
// and is then refused, and one that meets a broker which has lost what it knew
// of the producer. Producer ids are not kept across runs, for a batch that is
// cut differently after a crash would be taken for a repeat and dropped: after
// a crash, what was sent since the cursor was last written is there twice.
// Consumers can tell by sluice-id.
//
// Dead letters are documents that alone are over max_batch_size or the
// topic's max.message.bytes, and records that the broker names as invalid.
// A batch of several that is too large is divided. A topic that cannot be
// used (no rights, an invalid name, compacted and no key) waits for a person,
// and the others go on.
//
// # Rights
//
// Write and Describe on the topics; Create on them, or on the cluster, for
// create_topics; IdempotentWrite on the cluster for brokers before 2.8;
// DescribeConfigs and AlterConfigs on the topics for sluice retention.
//
// # Limits
//
// Tested with Kafka 4.3; what is spoken is the protocol of brokers from 2.4 on.
// No Kerberos, no OAUTHBEARER and no log in by AWS IAM. No transactions: a
// consumer sees each batch as soon as it is stored.
package kafka
