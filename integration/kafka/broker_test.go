//go:build integration

package kafka

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/integration/realserver"
	"github.com/renthub/sluice/internal/config"
	"github.com/renthub/sluice/internal/expr"
	"github.com/renthub/sluice/outputs"
	"github.com/renthub/sluice/outputs/kafka"
	"github.com/renthub/sluice/outputs/outputtest"
)

// broker is a real broker.
type broker struct{ *realserver.Kafka }

func startBroker(t *testing.T, props string) *broker {
	return &broker{realserver.StartKafka(t, props)}
}

// The listeners, by their distance from the first port.
const (
	clear = iota
	saslClear
	serverTLS
	saslTLS
	mutualTLS
)

// open opens an output as the pipeline does.
func (b *broker) open(t *testing.T, change func(*kafka.Config)) (outputs.Output, *prometheus.Registry) {
	t.Helper()
	c := kafka.Type.Config().(*kafka.Config)
	c.Endpoints = []string{b.Address(t, clear)}
	c.Timeout = config.Duration(10 * time.Second)
	change(c)
	d := outputtest.Deps(t)
	registry := prometheus.NewRegistry()
	d.Metrics = registry
	o, err := kafka.Type.Open(c, d)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() {
		if err := o.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return o, registry
}

func topic(name string) func(*kafka.Config) {
	return func(c *kafka.Config) { c.Topic, c.Partitions = expr.Literal(name), 4 }
}

// deliver brings documents to the broker within a time.
func deliver(t *testing.T, o outputs.Output, docs []event.Doc) outputtest.Delivery {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	d := outputtest.Deliver(ctx, t, o, docs)
	if ctx.Err() != nil {
		t.Fatal("not delivered in 3 minutes")
	}
	return d
}

// compare checks that each document is there once, byte for byte, and nothing
// else.
func compare(t *testing.T, got []realserver.KafkaRecord, want []event.Doc) {
	t.Helper()
	missing := make(map[string]*event.Doc, len(want))
	for i := range want {
		missing[id(want[i].ID)] = &want[i]
	}
	lost, twice, other := 0, 0, 0
	seen := map[string]bool{}
	for i := range got {
		name := got[i].Header(t, "sluice-id")
		d := missing[name]
		switch {
		case d != nil && got[i].Payload == string(d.JSON) && got[i].Header(t, "sluice-retention") == d.Retention &&
			got[i].Header(t, "sluice-time") == strconv.FormatInt(d.Time, 10) && got[i].Header(t, "content-type") == "application/json":
			delete(missing, name)
			seen[name] = true
		case seen[name]:
			twice++
		default:
			other++
			if other < 3 {
				t.Errorf("record %s: got %.300s %v", name, got[i].Payload, got[i].Headers)
			}
		}
	}
	lost = len(missing)
	t.Logf("%d documents: %d lost, %d twice, %d other", len(want), lost, twice, other)
	if lost+twice+other != 0 {
		t.Errorf("got %d lost, %d twice, %d other, want none", lost, twice, other)
	}
}

// id is a document's id in text, made here from its parts.
func id(i event.ID) string {
	raw := make([]byte, 8)
	for k := range raw {
		raw[k] = byte(i.Source >> (56 - 8*k))
	}
	text := fmt.Sprintf("%s-%d-%d", base64URL(raw), i.Pos, i.Size)
	if i.Sub > 0 {
		text += fmt.Sprintf(".%d", i.Sub)
	}
	return text
}

// count is the value of a counter.
func count(t testing.TB, r *prometheus.Registry, name string) float64 {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetCounter().GetValue()
		}
	}
	t.Fatalf("no metric %s", name)
	return 0
}

// createTopic makes a topic with a client of other hands.
func (b *broker) createTopic(t *testing.T, name string, configs map[string]string) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(b.Address(t, clear)))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	req := kmsg.NewPtrCreateTopicsRequest()
	topic := kmsg.NewCreateTopicsRequestTopic()
	topic.Topic, topic.NumPartitions, topic.ReplicationFactor = name, 1, 1
	for k, v := range configs {
		c := kmsg.NewCreateTopicsRequestTopicConfig()
		c.Name, c.Value = k, &v
		topic.Configs = append(topic.Configs, c)
	}
	req.Topics = append(req.Topics, topic)
	answer, err := req.RequestWith(t.Context(), client)
	if err != nil || answer.Topics[0].ErrorCode != 0 {
		t.Fatalf("create topic %s: %v, %+v", name, err, answer)
	}
}

// template compiles a template as a config's is.
func template(t *testing.T, text string) *expr.Template {
	t.Helper()
	e, diags := hclsyntax.ParseTemplate([]byte(text), "", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	made, diags := expr.CompileTemplate(e, &expr.Scope{})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return made
}
