package kafka

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/metadata"

	"github.com/renthub/sluice/outputs"
)

// Bits of what a topic's user may do, as brokers number operations.
const (
	mayWrite    = 1 << 4
	mayDescribe = 1 << 8
)

// certificateWarning is how long before its end a certificate is worth a word.
const certificateWarning = 21 * 24 * time.Hour

// Check implements outputs.Checker.
func (o *Output) Check(ctx context.Context) []outputs.Finding {
	c := &checkup{o: o}
	for _, address := range o.cluster.seeds {
		c.endpoint(ctx, address)
	}
	if c.answering > 0 && c.logIn(ctx) {
		c.topics(ctx)
	}
	return c.list
}

// checkup collects findings.
type checkup struct {
	o         *Output
	list      []outputs.Finding
	answering int // endpoints that take connections
}

func (c *checkup) add(step string, status outputs.CheckStatus, detail, hint string) {
	c.list = append(c.list, outputs.Finding{Step: step, Status: status, Detail: detail, Hint: hint})
}

// endpoint resolves a name, connects and looks at the certificate. One dead
// endpoint of several is a warning.
func (c *checkup) endpoint(ctx context.Context, address string) {
	bad := outputs.CheckFailed
	if len(c.o.cluster.seeds) > 1 {
		bad = outputs.CheckWarned
	}
	host, _, _ := net.SplitHostPort(address) // it was joined by us
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	found, err := net.DefaultResolver.LookupHost(ctx, host)
	if err != nil {
		c.add("resolve", bad, excerpt(err), "check endpoints, and this machine's name servers")
		return
	}
	c.add("resolve", outputs.CheckPassed, fmt.Sprintf("%s is %s", host, strings.Join(found[:min(len(found), 3)], ", ")), "")
	dialer := net.Dialer{}
	raw, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		c.add("connect", bad, excerpt(err), "is the broker up, and is its port open for this machine?")
		return
	}
	defer raw.Close()
	c.add("connect", outputs.CheckPassed, address+" takes connections", "")
	c.answering++
	if c.o.cluster.dialer.tls != nil {
		c.certificate(ctx, raw, host)
	}
}

func (c *checkup) certificate(ctx context.Context, raw net.Conn, host string) {
	settings := c.o.cluster.dialer.tls.Clone()
	settings.ServerName = host
	secure := tls.Client(raw, settings)
	if err := secure.HandshakeContext(ctx); err != nil {
		c.add("tls", outputs.CheckFailed, excerpt(err), "set ca_file to the authority that signed the broker's certificate; the name in endpoints must be in it")
		return
	}
	leaf := secure.ConnectionState().PeerCertificates[0]
	left := leaf.NotAfter.Sub(c.o.now())
	detail := fmt.Sprintf("certificate of %s is good for %d days", host, int(left.Hours()/24))
	if left < certificateWarning {
		c.add("tls", outputs.CheckWarned, detail, "renew the broker's certificate")
		return
	}
	c.add("tls", outputs.CheckPassed, detail, "")
}

// logIn asks for the layout, which needs a log in, and sees whether the
// brokers' own addresses can be reached: they are often not those of the
// endpoints.
func (c *checkup) logIn(ctx context.Context) bool {
	if err := c.o.learn(ctx, c.o.cluster.layout.Load()); err != nil {
		hint := "check sasl, username and password"
		if c.o.config.SASL == "" {
			hint = "does the broker want sasl, tls or a client certificate?"
		}
		c.add("log in", outputs.CheckFailed, excerpt(err), hint)
		return false
	}
	l := c.o.cluster.layout.Load()
	c.add("log in", outputs.CheckPassed, fmt.Sprintf("the cluster has %d brokers", len(l.brokers)), "")
	for id, address := range l.brokers {
		k, err := c.o.cluster.dialer.dial(ctx, address)
		if err != nil {
			c.add("brokers", outputs.CheckFailed, fmt.Sprintf("broker %d says it is at %s: %s", id, address, excerpt(err)), "the address is the broker's setting advertised.listeners")
			continue
		}
		c.versions(id, k)
		k.close()
	}
	return true
}

// versions checks that a broker is young enough for what the config wants.
func (c *checkup) versions(id int32, k *conn) {
	low := int16(3)
	if c.o.config.Compression == "zstd" {
		low = 7
	}
	for _, key := range []protocol.ApiKey{protocol.Produce, protocol.InitProducerId} {
		v, err := k.version(key)
		switch {
		case err != nil:
			c.add("brokers", outputs.CheckFailed, fmt.Sprintf("broker %d: %v", id, err), "brokers from 2.4 on are supported")
		case key == protocol.Produce && v < low:
			c.add("brokers", outputs.CheckFailed, fmt.Sprintf("broker %d takes produce requests up to version %d, zstd needs %d", id, v, low), `set compression = "lz4"`)
		}
	}
}

// topics checks those that the config names: that they are there or can be
// made, and may be written to.
func (c *checkup) topics(ctx context.Context) {
	names := c.o.names.list()
	if len(names) == 0 {
		c.add("topic", outputs.CheckPassed, "topics depend on events: they are checked when documents come", "")
		return
	}
	slices.Sort(names)
	answer, err := c.o.cluster.askAny(ctx, &metadata.Request{TopicNames: names, IncludeTopicAuthorizedOperations: true})
	m, ok := answer.(*metadata.Response)
	if err == nil && !ok {
		err = errAnswerBroken
	}
	if err != nil {
		c.add("topic", outputs.CheckFailed, excerpt(err), "")
		return
	}
	for i := range m.Topics {
		c.topic(ctx, &m.Topics[i])
	}
}

func (c *checkup) topic(ctx context.Context, t *metadata.ResponseTopic) {
	code := kafka.Error(t.ErrorCode)
	rights := t.TopicAuthorizedOperations
	switch {
	case code == kafka.UnknownTopicOrPartition && c.o.config.CreateTopics:
		c.creatable(ctx, t.Name)
	case code == kafka.UnknownTopicOrPartition:
		c.add("topic", outputs.CheckFailed, "topic "+t.Name+" does not exist", "create it, or set create_topics = true")
	case code != 0:
		c.add("topic", outputs.CheckFailed, fmt.Sprintf("topic %s: %v", t.Name, code), "let the user describe and write to the topic")
	case rights > 0 && rights&(mayWrite|mayDescribe) != mayWrite|mayDescribe:
		c.add("topic", outputs.CheckFailed, "the user may not write to topic "+t.Name, "let the user describe and write to the topic")
	default:
		c.add("topic", outputs.CheckPassed, fmt.Sprintf("topic %s has %d partitions", t.Name, len(t.Partitions)), "")
		c.replicas(t)
	}
}

// creatable asks whether a topic could be made, and makes none.
func (c *checkup) creatable(ctx context.Context, name string) {
	t := c.o.names.all()[name]
	if t == nil {
		return
	}
	request := c.o.creation(t)
	request.ValidateOnly = true
	answer, err := c.o.client.CreateTopics(ctx, request)
	if err == nil {
		err = answer.Errors[name]
	}
	switch {
	case errors.Is(err, kafka.TopicAlreadyExists), err == nil:
		c.add("topic", outputs.CheckPassed, fmt.Sprintf("topic %s will be created with %s = %s", name, retentionKey, retentionValue(t.keep)), "")
	default:
		c.add("topic", outputs.CheckFailed, fmt.Sprintf("topic %s cannot be created: %s", name, excerpt(err)), "create it, or let the user create topics; see partitions and replication_factor")
	}
}

// replicas warns of a topic whose acknowledgements mean little.
func (c *checkup) replicas(t *metadata.ResponseTopic) {
	for _, p := range t.Partitions {
		if len(p.ReplicaNodes) == 1 && len(c.o.cluster.layout.Load().brokers) > 1 {
			c.add("topic", outputs.CheckWarned, fmt.Sprintf("topic %s has one copy of partition %d: it is lost with its broker", t.Name, p.PartitionIndex), "give it three replicas, and min.insync.replicas = 2")
			return
		}
		if p.LeaderID < 0 {
			c.add("topic", outputs.CheckWarned, fmt.Sprintf("partition %d of topic %s has no leader at the moment", p.PartitionIndex, t.Name), "look at the brokers that have it")
			return
		}
	}
}
