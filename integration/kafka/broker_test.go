//go:build integration

package kafka

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
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
type broker struct {
	*realserver.Node
	tls string // folder of its certificates
}

func startBroker(t *testing.T, props string) *broker {
	t.Helper()
	if _, err := exec.LookPath("kcat"); err != nil {
		t.Skip("kcat is not installed: apt-get install kcat")
	}
	cache := os.Getenv("SLUICE_IT_CACHE")
	if cache == "" {
		cache = "/var/tmp/sluice-it"
	}
	b := &broker{tls: filepath.Join(t.TempDir(), "tls")}
	b.Node = realserver.Start(t, "server", fmt.Sprintf("KAFKA_PORT=%d", freePorts(t)), "KAFKA_LIB="+filepath.Join(cache, "kafka-lib"), "KAFKA_TLS="+b.tls, "KAFKA_PROPS="+props)
	return b
}

// freePorts is the first of ten ports that nobody has. They are below those
// that systems give to connections, so that none is taken while the broker is
// down.
func freePorts(t testing.TB) int {
	t.Helper()
	for range 100 {
		first := 12000 + 10*rand.IntN(1900)
		free := true
		for p := range 10 {
			l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(first+p)))
			if err != nil {
				free = false
				break
			}
			l.Close()
		}
		if free {
			return first
		}
	}
	t.Fatal("no ten free ports in a row")
	return 0
}

// The listeners, by their distance from the first port.
const (
	clear = iota
	saslClear
	serverTLS
	saslTLS
	mutualTLS
)

// address is that of a listener.
func (b *broker) address(t testing.TB, listener int) string {
	t.Helper()
	host, port, err := net.SplitHostPort(b.URL)
	if err != nil {
		t.Fatal(err)
	}
	first, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	return net.JoinHostPort(host, strconv.Itoa(first+listener))
}

// open opens an output as the pipeline does.
func (b *broker) open(t *testing.T, change func(*kafka.Config)) (outputs.Output, *prometheus.Registry) {
	t.Helper()
	c := kafka.Type.Config().(*kafka.Config)
	c.Endpoints = []string{b.address(t, clear)}
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

// record is one as kcat shows it.
type record struct {
	Partition int      `json:"partition"`
	Offset    int      `json:"offset"`
	Millis    int64    `json:"ts"`
	Headers   []string `json:"headers"`
	Key       *string  `json:"key"`
	Payload   string   `json:"payload"`
}

func (r *record) header(t testing.TB, name string) string {
	t.Helper()
	for i := 0; i+1 < len(r.Headers); i += 2 {
		if r.Headers[i] == name {
			return r.Headers[i+1]
		}
	}
	t.Fatalf("record %d of partition %d has no header %s", r.Offset, r.Partition, name)
	return ""
}

// read reads a topic to its end with kcat, which checks each batch's checksum.
func (b *broker) read(t testing.TB, topic string) []record {
	t.Helper()
	cmd := exec.Command("kcat", "-C", "-b", b.address(t, clear), "-t", topic, "-e", "-q", "-J", "-o", "beginning", "-X", "check.crcs=true", "-X", "fetch.message.max.bytes=8388608")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("kcat: %v\n%s", err, errs.String())
	}
	var list []record
	for line := range strings.Lines(string(out)) {
		var r record
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("kcat: %v in %.200s", err, line)
		}
		list = append(list, r)
	}
	return list
}

// compare checks that each document is there once, byte for byte, and nothing
// else.
func compare(t *testing.T, got []record, want []event.Doc) {
	t.Helper()
	missing := make(map[string]*event.Doc, len(want))
	for i := range want {
		missing[id(want[i].ID)] = &want[i]
	}
	lost, twice, other := 0, 0, 0
	seen := map[string]bool{}
	for i := range got {
		name := got[i].header(t, "sluice-id")
		d := missing[name]
		switch {
		case d != nil && got[i].Payload == string(d.JSON) && got[i].header(t, "sluice-retention") == d.Retention &&
			got[i].header(t, "sluice-time") == strconv.FormatInt(d.Time, 10) && got[i].header(t, "content-type") == "application/json":
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
	client, err := kgo.NewClient(kgo.SeedBrokers(b.address(t, clear)))
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
