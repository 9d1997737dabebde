package kafka

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/internal/expr"
	"github.com/renthub/sluice/outputs"
	"github.com/renthub/sluice/outputs/outputtest"
)

// setting reads a setting of a topic with a client of other hands. ok is false
// if it is not set on the topic itself.
func (f *fake) setting(topic, key string) (value string, ok bool) {
	f.t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(f.ListenAddrs()...))
	if err != nil {
		f.t.Fatal(err)
	}
	defer client.Close()
	req := kmsg.NewPtrDescribeConfigsRequest()
	r := kmsg.NewDescribeConfigsRequestResource()
	r.ResourceType, r.ResourceName = kmsg.ConfigResourceTypeTopic, topic
	req.Resources = append(req.Resources, r)
	answer, err := req.RequestWith(f.t.Context(), client)
	if err != nil || answer.Resources[0].ErrorCode != 0 {
		f.t.Fatalf("describe %s: %v", topic, err)
	}
	for _, c := range answer.Resources[0].Configs {
		if c.Name == key && c.Value != nil {
			return *c.Value, c.Source == kmsg.ConfigSourceDynamicTopicConfig
		}
	}
	return "", false
}

// create makes a topic with a client of other hands.
func (f *fake) create(topic string, settings map[string]string) {
	f.t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(f.ListenAddrs()...))
	if err != nil {
		f.t.Fatal(err)
	}
	defer client.Close()
	req := kmsg.NewPtrCreateTopicsRequest()
	c := kmsg.NewCreateTopicsRequestTopic()
	c.Topic, c.NumPartitions, c.ReplicationFactor = topic, 1, 1
	for k, v := range settings {
		s := kmsg.NewCreateTopicsRequestTopicConfig()
		s.Name, s.Value = k, &v
		c.Configs = append(c.Configs, s)
	}
	req.Topics = append(req.Topics, c)
	answer, err := req.RequestWith(f.t.Context(), client)
	if err != nil || answer.Topics[0].ErrorCode != 0 {
		f.t.Fatalf("create %s: %v", topic, err)
	}
}

func TestTopicsAreMadeWithTheirRetention(t *testing.T) {
	f := newFake(t)
	o := f.start(func(c *Config) { c.Partitions, c.Topics = 3, map[string]string{"audit": "the-audit"} })
	if err := send(t, o, outputtest.Docs(30)); err != nil {
		t.Fatal(err)
	}
	for topic, want := range map[string]string{"the-audit": "34560000000", "logs-debug": "259200000", "logs-standard": "2592000000"} {
		if got, _ := f.setting(topic, "retention.ms"); got != want {
			t.Errorf("%s: got retention.ms %s, want %s", topic, got, want)
		}
		if got := o.names.all()[topic].partitions.Load(); got != 3 {
			t.Errorf("%s: got %d partitions, want 3", topic, got)
		}
	}
	wantCount(t, "topics made", o.metrics.topics, 3)
}

// Documents of several classes in one topic: the longest holds.
func TestOneTopicKeepsAsTheLongestClass(t *testing.T) {
	f := newFake(t)
	if err := send(t, f.start(oneTopic), outputtest.Docs(3)); err != nil {
		t.Fatal(err)
	}
	if got, _ := f.setting("logs", "retention.ms"); got != "34560000000" {
		t.Errorf("got retention.ms %s, want 34560000000", got)
	}
	d := outputtest.Deps(t)
	d.Classes = append(d.Classes, outputs.Class{Name: "forever"})
	o := f.open(d, func(c *Config) { c.Topic = expr.Literal("all") })
	defer o.Close()
	if err := send(t, o, outputtest.Docs(3)); err != nil {
		t.Fatal(err)
	}
	if got, _ := f.setting("all", "retention.ms"); got != "-1" {
		t.Errorf("got retention.ms %s, want -1", got)
	}
}

func TestTopicsThatAreThereAreLeftAlone(t *testing.T) {
	f := newFake(t)
	f.create("logs", map[string]string{"retention.ms": "1234567"})
	if err := send(t, f.start(oneTopic), outputtest.Docs(3)); err != nil {
		t.Fatal(err)
	}
	if got, _ := f.setting("logs", "retention.ms"); got != "1234567" {
		t.Errorf("got retention.ms %s, want 1234567", got)
	}
}

func TestMissingTopicThatIsNotMade(t *testing.T) {
	f := newFake(t)
	now := time.Now()
	d := outputtest.Deps(t)
	d.Now = func() time.Time { return now }
	o := f.open(d, func(c *Config) { oneTopic(c); c.CreateTopics = false })
	defer o.Close()
	if err := send(t, o, outputtest.Docs(2)); err == nil || saying(err) != "again" {
		t.Errorf("at first: got %v, want an error that means again", err)
	}
	now = now.Add(patience + time.Second)
	if err := send(t, o, outputtest.Docs(2)); err == nil || saying(err) != "2 documents: answer 2" {
		t.Errorf("after a while: got %v, want that a person must act for both", err)
	}
	f.create("logs", nil)
	if err := send(t, o, outputtest.Docs(2)); err != nil {
		t.Errorf("after somebody has made it: %v", err)
	}
}

func TestTopicsThatCannotBeMade(t *testing.T) {
	for _, c := range []struct {
		err  *kerr.Error
		want string
	}{
		{kerr.TopicAuthorizationFailed, "2 documents: answer 2"},
		{kerr.PolicyViolation, "2 documents: answer 2"},
		{kerr.InvalidReplicationFactor, "2 documents: answer 2"},
		{kerr.NotController, "again"},
	} {
		t.Run(c.err.Message, func(t *testing.T) {
			f := newFake(t)
			o := f.start(oneTopic)
			f.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.CreateTopics}, Err: c.err, Count: 1})
			if err := send(t, o, outputtest.Docs(2)); err == nil || saying(err) != c.want {
				t.Errorf("send: got %v (%s), want %s", err, saying(err), c.want)
			}
			if err := send(t, o, outputtest.Docs(2)); err != nil {
				t.Errorf("send again: %v", err)
			}
		})
	}
}

// One topic that cannot be used is no matter of the others.
func TestOneTopicInTrouble(t *testing.T) {
	f := newFake(t)
	o := f.start(nil)
	f.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.CreateTopics}, Topic: "logs-debug", Err: kerr.TopicAuthorizationFailed, Count: 1})
	docs := outputtest.Docs(9)
	err := send(t, o, docs)
	var partial *outputs.Partial
	if !errors.As(err, &partial) || len(partial.Failed) != 3 {
		t.Fatalf("send: got %v, want the three of class debug", err)
	}
	for i, failed := range partial.Failed {
		if failed.Index != 1+3*i || failed.Answer != outputs.NeedConfig {
			t.Errorf("got %+v, want document %d for a person", failed, 1+3*i)
		}
	}
	if got := len(f.stored()); got != 6 {
		t.Errorf("got %d documents stored, want the 6 of the other topics", got)
	}
}

func TestDeletedTopicIsMadeAgain(t *testing.T) {
	f := newFake(t)
	o := f.start(oneTopic)
	docs := outputtest.Docs(6)
	if err := send(t, o, docs[:3]); err != nil {
		t.Fatal(err)
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(f.ListenAddrs()...))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	req := kmsg.NewPtrDeleteTopicsRequest()
	name := "logs"
	topic := kmsg.NewDeleteTopicsRequestTopic()
	topic.Topic = &name
	req.TopicNames, req.Topics = []string{name}, append(req.Topics, topic)
	if _, err := req.RequestWith(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	outputtest.Deliver(t.Context(), t, o, docs[3:])
	wantStored(t, f, docs[3:])
}

func TestTopicNames(t *testing.T) {
	for _, c := range []struct {
		name     string
		template string
		json     string
		want     string
	}{
		{"a value is confined", "logs-${service.name}", `{"service.name":"A b/ü.x-y"}`, "logs-a_b____x_y"},
		{"a missing value is generic", "logs-${service.name}", `{}`, "logs-generic"},
		{"an empty value is generic", "logs-${service.name}", `{"service.name":""}`, "logs-generic"},
		{"a path upwards", "logs-${service.name}", `{"service.name":"../.."}`, "logs-_____"},
		{"the line cannot choose its class", "logs-${retention.class}", `{"labels.retention":"audit","labels":{"retention":"audit"}}`, "logs-standard"},
		{"a long value is cut", "logs-${service.name}", `{"service.name":"` + strings.Repeat("x", 400) + `"}`, "logs-" + strings.Repeat("x", 100)},
		{"a long name is cut", "l-${a}-${b}-${c}", `{"a":"` + strings.Repeat("x", 100) + `","b":"` + strings.Repeat("y", 100) + `","c":"` + strings.Repeat("z", 100) + `"}`,
			"l-" + strings.Repeat("x", 100) + "-" + strings.Repeat("y", 100) + "-" + strings.Repeat("z", 45)},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := defaults()
			k.Topic = template(t, c.template)
			n, err := newNames(k, outputtest.Classes(), nil)
			if err != nil {
				t.Fatal(err)
			}
			d := event.Doc{JSON: []byte(c.json), Retention: "standard"}
			if got := n.of(nil, &d).name; got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if err := checkName(c.want); err != nil {
				t.Error(err)
			}
		})
	}
}

// No names would ask for all topics of a cluster, again and again.
func TestNoTopicsAreAskedForByName(t *testing.T) {
	f := newFake(t)
	o := f.start(func(c *Config) { c.Topic = template(t, "logs-${service.name}") })
	if got := o.names.list(); got == nil || len(got) != 0 {
		t.Errorf("got %#v, want a list without names", got)
	}
	f.create("others", nil)
	if err := o.learn(t.Context(), o.cluster.layout.Load()); err != nil {
		t.Fatal(err)
	}
	if got := o.cluster.layout.Load(); len(got.topics) != 0 || len(got.brokers) != 1 {
		t.Errorf("got %d topics and %d brokers, want none and 1", len(got.topics), len(got.brokers))
	}
}

func TestTopicsAreCapped(t *testing.T) {
	f := newFake(t)
	o := f.start(func(c *Config) { c.Topic, c.MaxTopics = template(t, "logs-${seq}-${retention.class}"), 5 })
	for _, d := range outputtest.Docs(300) {
		o.names.of(nil, &d)
	}
	names := o.names.list()
	slices.Sort(names)
	if len(names) != 8 || !slices.Contains(names, "logs-generic-audit") || !slices.Contains(names, "logs-4-debug") {
		t.Errorf("got topics %v, want 5 and a generic one of each class", names)
	}
	wantCount(t, "overflow", o.metrics.overflow, 295)
}

func TestBadConfigs(t *testing.T) {
	for _, c := range []struct {
		want   string
		change func(*Config)
	}{
		{"endpoints is empty", func(c *Config) { c.Endpoints = nil }},
		{"has a scheme", func(c *Config) { c.Endpoints = []string{"kafka://user:secret@k"} }},
		{`not "host:port"`, func(c *Config) { c.Endpoints = []string{"k:0"} }},
		{`not "host:port"`, func(c *Config) { c.Endpoints = []string{":9092"} }},
		{"compression is \"brotli\"", func(c *Config) { c.Compression = "brotli" }},
		{"sasl is \"gssapi\"", func(c *Config) { c.SASL = "gssapi" }},
		{"username is not", func(c *Config) { c.SASL = "plain" }},
		{"need sasl", func(c *Config) { c.Username = "u" }},
		{"in_flight is 0", func(c *Config) { c.InFlight = 0 }},
		{"timeout is 1ms", func(c *Config) { c.Timeout = c.Timeout / 30000 }},
		{"max_request_size", func(c *Config) { c.MaxRequestSize = 1 }},
		{"max_batch_size", func(c *Config) { c.MaxBatchSize = 1 }},
		{"begin with text of its own", func(c *Config) { c.Topic = template(t, "${service.name}-logs") }},
		{"topic holds '$'", func(c *Config) { c.Topic = expr.Literal("a$b") }},
		{"no retention class", func(c *Config) { c.Topics = map[string]string{"adit": "a"} }},
		{"cannot be the name", func(c *Config) { c.Topics = map[string]string{"audit": ".."} }},
		{"have one topic", func(c *Config) { c.Topics = map[string]string{"audit": "a", "debug": "a"} }},
		{"client_cert and client_key", func(c *Config) { c.ClientCert = "x.pem" }},
		{"read ca_file", func(c *Config) { c.CAFile = "no-such-file" }},
	} {
		t.Run(c.want, func(t *testing.T) {
			k := defaults()
			k.Endpoints = []string{"localhost:9092"}
			c.change(&k)
			_, err := open(k, outputtest.Deps(t))
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret") {
				t.Errorf("open: got %v, want %q", err, c.want)
			}
		})
	}
}

func TestAddresses(t *testing.T) {
	c := Config{Endpoints: []string{"a", " b:1 ", "[::1]:2", "::1"}}
	got, err := c.addresses()
	if want := []string{"a:9092", "b:1", "[::1]:2", "[::1]:9092"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}

// topics are the names of all topics.
func (f *fake) topics() []string {
	f.t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(f.ListenAddrs()...))
	if err != nil {
		f.t.Fatal(err)
	}
	defer client.Close()
	answer, err := kmsg.NewPtrMetadataRequest().RequestWith(f.t.Context(), client)
	if err != nil {
		f.t.Fatal(err)
	}
	var names []string
	for _, t := range answer.Topics {
		names = append(names, *t.Topic)
	}
	return names
}
