//go:build integration

package kafka

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	client "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"

	"github.com/renthub/sluice/integration/realserver"
	"github.com/renthub/sluice/internal/config"
	"github.com/renthub/sluice/outputs"
	"github.com/renthub/sluice/outputs/kafka"
	"github.com/renthub/sluice/outputs/kafka/recordbatch"
	"github.com/renthub/sluice/outputs/outputtest"
)

func checks(t *testing.T, b *broker) {
	for _, c := range []struct {
		name     string
		listener int
		change   func(*kafka.Config)
		want     []string
	}{
		{"all is well", saslTLS, func(c *kafka.Config) {
			c.SASL, c.Username, c.Password, c.CAFile = "scram-sha-512", "sluice", config.NewSecret("sluice-secret"), filepath.Join(b.TLS, "ca.pem")
		}, []string{"ok resolve", "ok connect", "ok tls: certificate of 127.0.0.1 is good for", "ok log in: the cluster has 1 brokers", "ok topic: topic checked will be created"}},
		{"a wrong password", saslClear, func(c *kafka.Config) {
			c.SASL, c.Username, c.Password = "scram-sha-512", "sluice", config.NewSecret("wrong")
		}, []string{"ok connect", "fail log in"}},
		{"more replicas than brokers", clear, func(c *kafka.Config) { c.ReplicationFactor = 3 }, []string{"fail topic: topic checked cannot be created"}},
		{"TLS to a port without it", clear, func(c *kafka.Config) { c.TLS = true }, []string{"fail tls"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			o, _ := b.open(t, func(k *kafka.Config) {
				topic("checked")(k)
				k.Endpoints = []string{b.Address(t, c.listener)}
				c.change(k)
			})
			var text strings.Builder
			for _, f := range o.(outputs.Checker).Check(t.Context()) {
				fmt.Fprintf(&text, "%v %s: %s | %s\n", f.Status, f.Step, f.Detail, f.Hint)
			}
			t.Log("\n" + text.String())
			for _, w := range c.want {
				if !strings.Contains(text.String(), w) {
					t.Errorf("want a line with %q", w)
				}
			}
		})
	}
}

func retains(t *testing.T, b *broker) {
	b.createTopic(t, "keep-debug", map[string]string{"retention.ms": "604800000"}) // 7 days, want 3
	b.createTopic(t, "keep-standard", nil)                                         // the brokers' 7 days, want 30
	o, _ := b.open(t, func(c *kafka.Config) { c.Topic, c.AdoptTopics = template(t, "keep-${retention.class}"), true })
	r := o.(outputs.Retainer)
	show := func() (changes []outputs.RetentionChange, text string) {
		t.Helper()
		plan, err := r.PlanRetention(t.Context())
		if err != nil {
			t.Fatalf("plan: %v", err)
		}
		for _, c := range plan {
			if c.Kind == "topic" {
				changes, text = append(changes, c), text+fmt.Sprintf("%v %s %v -> %v\n", c.Action, c.Name, c.Have, c.Want)
			}
		}
		return changes, text
	}
	changes, got := show()
	if want := "create keep-audit 0s -> 9600h0m0s\nshorten keep-debug 168h0m0s -> 72h0m0s\nextend keep-standard 168h0m0s -> 720h0m0s\n"; got != want {
		t.Errorf("plan:\n%swant\n%s", got, want)
	}
	if err := r.ApplyRetention(t.Context(), changes[1:2]); err == nil {
		t.Error("a topic was shortened without a yes")
	}
	for i := range changes {
		changes[i].Confirmed = changes[i].Action == outputs.ShortenRetention
	}
	if err := r.ApplyRetention(t.Context(), changes); err != nil {
		t.Fatalf("apply: %v", err)
	}
	realserver.Until(t, "the plan is done", func() bool { _, got := show(); return strings.Count(got, "keep ") == 3 })
}

// wraps sends batches around the end of the sequences, by themselves and again.
func wraps(t *testing.T, b *broker) {
	b.createTopic(t, "wrapped", nil)
	c := &client.Client{Addr: client.TCP(b.Address(t, clear)), Timeout: 10 * time.Second}
	id, err := c.InitProducerID(t.Context(), &client.InitProducerIDRequest{ProducerID: -1, ProducerEpoch: -1})
	if err != nil || id.Error != nil {
		t.Fatal(err, id)
	}
	compressor, err := recordbatch.NewCompressor(recordbatch.Zstd)
	if err != nil {
		t.Fatal(err)
	}
	sequence, offset := int32(math.MaxInt32-14), int64(0)
	for k := range 4 {
		var records recordbatch.Builder
		for i := range 10 {
			records.Add(&recordbatch.Record{Value: fmt.Appendf(nil, "%d", k*10+i)})
		}
		frame, err := records.Append(make([]byte, 4), compressor, time.Now().UnixMilli())
		if err != nil {
			t.Fatal(err)
		}
		binary.BigEndian.PutUint32(frame, uint32(len(frame)-4))
		recordbatch.Stamp(frame[4:], recordbatch.Producer{ID: int64(id.Producer.ProducerID), Epoch: int16(id.Producer.ProducerEpoch)}, sequence)
		for range 2 { // the second time it is known
			answer, err := c.RawProduce(t.Context(), &client.RawProduceRequest{Topic: "wrapped", RequiredAcks: client.RequireAll, RawRecords: protocol.RawRecordSet{Reader: bytes.NewReader(frame)}})
			if err != nil || answer.Error != nil || answer.BaseOffset != offset {
				t.Fatalf("batch %d from sequence %d: %v, %+v, want offset %d", k, sequence, err, answer, offset)
			}
		}
		sequence, offset = recordbatch.NextSequence(sequence, 10), offset+10
	}
	if got := b.Read(t, "wrapped"); len(got) != 40 {
		t.Errorf("got %d records, want 40", len(got))
	}
}

// oneProducer shows that a run of the agent that begins anew is not taken for
// the one before it.
func oneProducer(t *testing.T, b *broker) {
	docs := outputtest.Docs(300)
	first, _ := b.open(t, topic("runs"))
	deliver(t, first, docs[:200])
	second, _ := b.open(t, topic("runs"))
	deliver(t, second, docs[100:300]) // from an older cursor, cut otherwise
	got := b.Read(t, "runs")
	seen := map[string]int{}
	for i := range got {
		seen[got[i].Header(t, "sluice-id")]++
	}
	if len(got) != 400 || len(seen) != 300 {
		t.Errorf("got %d records of %d documents, want 400 of 300", len(got), len(seen))
	}
}
