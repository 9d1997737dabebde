package kafka

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/renthub/sluice/internal/config"
	"github.com/renthub/sluice/internal/expr"
	"github.com/renthub/sluice/outputs/kafka/recordbatch"
)

// Config is the block of a kafka output.
type Config struct {
	Endpoints         []string          `hcl:"endpoints"`                   // brokers to begin with, "host:port"; the others are learned from them
	Topic             *expr.Template    `hcl:"topic,optional"`              // name of the topic, may hold ${retention.class}, ${service.name} and other fields; "logs-${retention.class}" if unset
	Topics            map[string]string `hcl:"topics,optional"`             // topics of some retention classes, before topic
	MaxTopics         int               `hcl:"max_topics,optional"`         // distinct topic names; documents of further values go to the generic topic
	Key               *expr.Template    `hcl:"key,optional"`                // key of a record: documents of one key stay in order in one partition; without one, runs of documents share a partition
	Headers           bool              `hcl:"headers,optional"`            // content-type, sluice-id, sluice-retention and sluice-time (event time, milliseconds since 1970) of each record
	Compression       string            `hcl:"compression,optional"`        // "zstd", "lz4", "snappy", "gzip" or "none"
	CreateTopics      bool              `hcl:"create_topics,optional"`      // makes topics that are missing, with the retention of their class
	Partitions        int               `hcl:"partitions,optional"`         // of a topic made; 0 is the brokers' default
	ReplicationFactor int               `hcl:"replication_factor,optional"` // of a topic made; 0 is the brokers' default
	AdoptTopics       bool              `hcl:"adopt_topics,optional"`       // sluice retention apply also changes topics whose retention is the brokers' default, which Sluice did not make
	SASL              string            `hcl:"sasl,optional"`               // "plain", "scram-sha-256" or "scram-sha-512"
	Username          string            `hcl:"username,optional"`           // for sasl
	Password          config.Secret     `hcl:"password,optional"`           // of the user
	TLS               bool              `hcl:"tls,optional"`                // encrypts; on by itself once a certificate is set
	CAFile            string            `hcl:"ca_file,optional"`            // PEM of the authority that signed the brokers' certificates
	ClientCert        string            `hcl:"client_cert,optional"`        // PEM, for brokers that ask for one
	ClientKey         string            `hcl:"client_key,optional"`         // PEM of its private key
	TLSSkipVerify     bool              `hcl:"tls_skip_verify,optional"`    // takes any certificate; for tests only
	Timeout           config.Duration   `hcl:"timeout,optional"`            // of one request and its answer
	MaxRequestSize    config.Size       `hcl:"max_request_size,optional"`   // documents of one batch before compression
	MaxBatchSize      config.Size       `hcl:"max_batch_size,optional"`     // of one batch after compression: at most the topics' max.message.bytes
	InFlight          int               `hcl:"in_flight,optional"`          // requests at a time, of different partitions
}

// The values of Config.SASL.
const (
	saslPlain    = "plain"
	saslSCRAM256 = "scram-sha-256"
	saslSCRAM512 = "scram-sha-512"
)

func defaults() Config {
	return Config{
		MaxTopics:      100,
		Headers:        true,
		Compression:    "zstd",
		CreateTopics:   true,
		Timeout:        config.Duration(30 * time.Second),
		MaxRequestSize: 1 << 20,
		MaxBatchSize:   1_000_000, // brokers take 1,048,588 by default, all told
		InFlight:       8,
	}
}

// check reports all that is wrong with c. It needs no network and no files.
func (c Config) check() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if len(c.Endpoints) == 0 {
		bad("endpoints is empty")
	}
	if _, err := c.addresses(); err != nil {
		errs = append(errs, err)
	}
	if _, ok := recordbatch.ParseCodec(c.Compression); !ok {
		bad(`compression is %q: it can be "zstd", "lz4", "snappy", "gzip" or "none"`, c.Compression)
	}
	switch c.SASL {
	case "":
		if c.Username != "" || c.Password.IsSet() {
			bad(`username and password need sasl, such as "scram-sha-512"`)
		}
	case saslPlain, saslSCRAM256, saslSCRAM512:
		if c.Username == "" {
			bad("sasl is set and username is not")
		}
	default:
		bad(`sasl is %q: it can be "plain", "scram-sha-256" or "scram-sha-512"`, c.SASL)
	}
	errs = append(errs, c.checkNumbers()...)
	return errors.Join(errs...)
}

func (c Config) checkNumbers() []error {
	var errs []error
	within := func(name string, have, low, high int) {
		if have < low || have > high {
			errs = append(errs, fmt.Errorf("%s is %d: it must be %d to %d", name, have, low, high))
		}
	}
	within("max_topics", c.MaxTopics, 1, 10000)
	within("partitions", c.Partitions, 0, 100000)
	within("replication_factor", c.ReplicationFactor, 0, 100)
	within("in_flight", c.InFlight, 1, 64)
	if c.Timeout.Std() < time.Second {
		errs = append(errs, fmt.Errorf("timeout is %v: it must be 1s or more", c.Timeout))
	}
	if c.MaxRequestSize < 16<<10 || c.MaxRequestSize > 64<<20 {
		errs = append(errs, fmt.Errorf("max_request_size is %v: it must be 16KiB to 64MiB", c.MaxRequestSize))
	}
	if c.MaxBatchSize < 1<<10 || c.MaxBatchSize > 64<<20 {
		errs = append(errs, fmt.Errorf("max_batch_size is %v: it must be 1KiB to 64MiB", c.MaxBatchSize))
	}
	return errs
}

// encrypted reports whether connections use TLS.
func (c Config) encrypted() bool {
	return c.TLS || c.CAFile != "" || c.ClientCert != "" || c.ClientKey != "" || c.TLSSkipVerify
}

// addresses are the endpoints as host and port.
func (c Config) addresses() ([]string, error) {
	var list []string
	for _, text := range c.Endpoints {
		text = strings.TrimSpace(text)
		if strings.Contains(text, "://") {
			return nil, errors.New(`an endpoint has a scheme: it must be "host:port"`) // the text may hold a password: it is not shown
		}
		host, port, err := net.SplitHostPort(text)
		if err != nil {
			host, port = strings.Trim(text, "[]"), "9092"
		}
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 || host == "" || strings.ContainsAny(host, "/@ ") {
			return nil, errors.New(`an endpoint is not "host:port"`)
		}
		list = append(list, net.JoinHostPort(host, port))
	}
	return list, nil
}
