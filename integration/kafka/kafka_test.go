//go:build integration

package kafka

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/renthub/sluice/integration/realserver"
	"github.com/renthub/sluice/internal/config"
	"github.com/renthub/sluice/outputs"
	"github.com/renthub/sluice/outputs/kafka"
	"github.com/renthub/sluice/outputs/outputtest"
)

func TestKafka(t *testing.T) {
	b := startBroker(t, "")
	t.Run("each codec is read by other hands", func(t *testing.T) { readsCodecs(t, b) })
	t.Run("all documents arrive as they were, once", func(t *testing.T) { storesAll(t, b) })
	t.Run("documents of one key stay in order", func(t *testing.T) { keepsOrder(t, b) })
	t.Run("each way to log in", func(t *testing.T) { logsIn(t, b) })
	t.Run("a topic with a small limit", func(t *testing.T) { splits(t, b) })
	t.Run("a compacted topic without keys needs a person", func(t *testing.T) { refusesCompacted(t, b) })
	t.Run("the check finds what is wrong", func(t *testing.T) { checks(t, b) })
	t.Run("retention is planned, extended and not shortened by itself", func(t *testing.T) { retains(t, b) })
	t.Run("sequences wrap", func(t *testing.T) { wraps(t, b) })
	t.Run("another run is another producer", func(t *testing.T) { oneProducer(t, b) })
}

func readsCodecs(t *testing.T, b *broker) {
	for _, codec := range []string{"none", "gzip", "snappy", "lz4", "zstd"} {
		t.Run(codec, func(t *testing.T) {
			o, _ := b.open(t, func(c *kafka.Config) { topic("codec-" + codec)(c); c.Compression = codec })
			docs := documents(2000)
			if codec == "none" {
				docs = outputtest.Docs(2000) // a megabyte is beyond the limit
			}
			if d := deliver(t, o, docs); len(d.Dead) > 0 {
				t.Errorf("dead letters: %v", d.Dead)
			}
			compare(t, b.Read(t, "codec-"+codec), docs)
		})
	}
}

func storesAll(t *testing.T, b *broker) {
	o, metrics := b.open(t, topic("all"))
	docs := documents(100_000)
	start := time.Now()
	d := deliver(t, o, docs)
	t.Logf("%d documents in %v, %d requests, %d not taken", len(docs), time.Since(start).Round(time.Millisecond), d.Tries, d.Fails)
	if len(d.Dead) > 0 {
		t.Errorf("dead letters: %v", d.Dead)
	}
	got := b.Read(t, "all")
	compare(t, got, docs)
	used := map[int]int{}
	for i := range got {
		used[got[i].Partition]++
		if age := time.Since(time.UnixMilli(got[i].Millis)); age < -time.Minute || age > 10*time.Minute {
			t.Fatalf("record %d: its time is %v ago, want the time of sending", i, age)
		}
	}
	t.Logf("records by partition: %v", used)
	if len(used) != 4 {
		t.Errorf("got %d partitions in use, want 4", len(used))
	}
	if n := count(t, metrics, "sluice_kafka_possible_repeats_documents_total"); n != 0 {
		t.Errorf("got %v possible repeats, want 0", n)
	}
}

func keepsOrder(t *testing.T, b *broker) {
	o, _ := b.open(t, func(c *kafka.Config) { topic("keys")(c); c.Key = template(t, "${service.name}") })
	docs := outputtest.Docs(5000)
	for len(docs) > 0 { // the first request does not know the partitions yet
		n := min(len(docs), 1000)
		deliver(t, o, docs[:n])
		docs = docs[n:]
	}
	place, last := map[string]int{}, map[string]int{}
	got := b.Read(t, "keys")
	for i := range got {
		r := &got[i]
		if r.Key == nil {
			t.Fatalf("record %d has no key", i)
		}
		if p, ok := place[*r.Key]; ok && p != r.Partition {
			t.Fatalf("key %s is in partitions %d and %d", *r.Key, p, r.Partition)
		}
		place[*r.Key] = r.Partition
		var pos int
		if _, err := fmt.Sscanf(r.Header(t, "sluice-id"), "ASNFZ4mrze8-%d-100", &pos); err != nil {
			t.Fatal(err)
		}
		if pos < last[*r.Key] {
			t.Fatalf("key %s: position %d after %d", *r.Key, pos, last[*r.Key])
		}
		last[*r.Key] = pos
	}
	if len(got) != 5000 || len(place) != 2 {
		t.Errorf("got %d records of %d keys, want 5000 of 2", len(got), len(place))
	}
}

func logsIn(t *testing.T, b *broker) {
	ca := filepath.Join(b.TLS, "ca.pem")
	user := func(c *kafka.Config, sasl, password string) {
		c.SASL, c.Username, c.Password = sasl, "sluice", config.NewSecret(password)
	}
	for _, c := range []struct {
		name     string
		listener int
		change   func(*kafka.Config)
		refused  bool
	}{
		{"scram-sha-512 over TLS", saslTLS, func(c *kafka.Config) { user(c, "scram-sha-512", "sluice-secret"); c.CAFile = ca }, false},
		{"scram-sha-256 over TLS", saslTLS, func(c *kafka.Config) { user(c, "scram-sha-256", "sluice-secret"); c.CAFile = ca }, false},
		{"plain over TLS", saslTLS, func(c *kafka.Config) { user(c, "plain", "sluice-secret"); c.CAFile = ca }, false},
		{"scram-sha-512 in the clear", saslClear, func(c *kafka.Config) { user(c, "scram-sha-512", "sluice-secret") }, false},
		{"TLS alone", serverTLS, func(c *kafka.Config) { c.CAFile = ca }, false},
		{"a client certificate", mutualTLS, func(c *kafka.Config) {
			c.CAFile, c.ClientCert, c.ClientKey = ca, filepath.Join(b.TLS, "client.pem"), filepath.Join(b.TLS, "client.key")
		}, false},
		{"a wrong password", saslTLS, func(c *kafka.Config) { user(c, "scram-sha-512", "wrong"); c.CAFile = ca }, true},
		{"a wrong password, plain", saslTLS, func(c *kafka.Config) { user(c, "plain", "wrong"); c.CAFile = ca }, true},
		{"no client certificate", mutualTLS, func(c *kafka.Config) { c.CAFile = ca }, true},
		{"an unknown authority", serverTLS, func(c *kafka.Config) { c.TLS = true }, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			o, _ := b.open(t, func(k *kafka.Config) {
				topic("login")(k)
				k.Endpoints = []string{b.Address(t, c.listener)}
				c.change(k)
			})
			if !c.refused {
				if d := deliver(t, o, outputtest.Docs(10)); len(d.Dead) > 0 {
					t.Errorf("dead letters: %v", d.Dead)
				}
				return
			}
			err := o.Send(t.Context(), outputtest.Request(t, o, outputtest.Docs(10)))
			var config *outputs.Misconfigured
			if !errors.As(err, &config) {
				t.Errorf("send: got %v, want that a person must act", err)
			}
			t.Logf("send: %v", err)
		})
	}
}

func splits(t *testing.T, b *broker) {
	b.createTopic(t, "small", map[string]string{"max.message.bytes": "20000"})
	o, _ := b.open(t, func(c *kafka.Config) { topic("small")(c); c.Compression = "none" })
	docs := outputtest.Docs(3000)
	docs[500].JSON = fmt.Appendf(nil, `{"large":%q}`, make([]byte, 5000)) // 20,000 as text
	d := deliver(t, o, docs)
	if len(d.Dead) != 1 || d.Dead[docs[500].ID] == "" {
		t.Errorf("dead letters: got %v, want document 500", d.Dead)
	}
	compare(t, b.Read(t, "small"), append(docs[:500:500], docs[501:]...))
}

func refusesCompacted(t *testing.T, b *broker) {
	b.createTopic(t, "compacted", map[string]string{"cleanup.policy": "compact"})
	o, _ := b.open(t, topic("compacted"))
	err := o.Send(t.Context(), outputtest.Request(t, o, outputtest.Docs(3)))
	var partial *outputs.Partial
	if !errors.As(err, &partial) || len(partial.Failed) != 3 || partial.Failed[0].Answer != outputs.NeedConfig {
		t.Errorf("send: got %v, want that a person must act for all 3", err)
	}
	t.Log(err)
}

// TestKilledBroker kills the broker again and again in the middle of a stream.
func TestKilledBroker(t *testing.T) {
	// Its old registration must end before it can come back.
	b := startBroker(t, "broker.session.timeout.ms=2000\nbroker.heartbeat.interval.ms=300")
	rounds := 3
	if long() {
		rounds = 20
	}
	o, metrics := b.open(t, func(c *kafka.Config) {
		topic("killed")(c)
		c.MaxRequestSize, c.Timeout = 16<<10, config.Duration(3*time.Second)
	})
	var sent atomic.Int64
	var over atomic.Bool
	var wg sync.WaitGroup
	wg.Go(func() {
		defer over.Store(true)
		for k := range rounds {
			from := sent.Load()
			realserver.Until(t, "documents flow", func() bool { return sent.Load() > from+int64(20_000+k%5*3_000) })
			b.Kill(t)
			b.Start(t)
		}
	})
	docs := documents(600_000 * (1 + rounds/4))
	var d outputtest.Delivery
	for at := 0; !over.Load() && at < len(docs); at += 2500 {
		one := deliver(t, o, docs[at:at+2500])
		d.Tries, d.Fails = d.Tries+one.Tries, d.Fails+one.Fails
		sent.Add(2500)
	}
	wg.Wait()
	if int(sent.Load()) == len(docs) {
		t.Error("the documents did not last until the last kill")
	}
	t.Logf("%d kills, %d requests, %d not taken, %v sent again as they were, %v producer ids, %v possible repeats", rounds, d.Tries, d.Fails,
		count(t, metrics, "sluice_kafka_resent_batches_total"),
		count(t, metrics, "sluice_kafka_producer_ids_total"), count(t, metrics, "sluice_kafka_possible_repeats_documents_total"))
	compare(t, b.Read(t, "killed"), docs[:sent.Load()])
}
