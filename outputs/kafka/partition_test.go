package kafka

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/outputs/outputtest"
)

// know makes an output know its topics, as its first Send does.
func know(t *testing.T, o *Output) {
	t.Helper()
	for _, topic := range o.names.all() {
		if err := o.ready(t.Context(), topic); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTargets(t *testing.T) {
	f := newFake(t, kfake.DefaultNumPartitions(5))
	o := f.start(nil)
	docs := outputtest.Docs(3)
	if got := string(o.Partition([]byte("before "), &docs[0])); got != "before logs-audit/?" {
		t.Errorf("before the first request: got %q", got)
	}
	know(t, o)
	used := map[string]bool{}
	for k := range 3000 {
		d := outputtest.DocsFrom(k, 1)[0]
		d.Time += int64(k) * 100
		target := string(o.Partition([]byte("before "), &d))
		if again := string(o.Partition(nil, &d)); "before "+again != target {
			t.Fatalf("document %d: got %s and then %s", k, target, again)
		}
		topic, at, known := parseTarget(strings.TrimPrefix(target, "before "))
		if !known || at < 0 || at > 4 || topic != "logs-"+d.Retention {
			t.Fatalf("document %d of %s: got %s", k, d.Retention, target)
		}
		used[target] = true
	}
	if len(used) != 15 {
		t.Errorf("got %d targets, want 3 topics with 5 partitions", len(used))
	}
}

func TestParseTarget(t *testing.T) {
	for _, c := range []struct {
		target string
		topic  string
		at     int32
		known  bool
	}{
		{"logs-audit/3", "logs-audit", 3, true},
		{"logs-audit/?", "logs-audit", 0, false},
		{"", "", 0, false},
		{"/3", "/3", 0, false},
	} {
		topic, at, known := parseTarget(c.target)
		if topic != c.topic || at != c.at || known != c.known {
			t.Errorf("%q: got %q, %d, %t", c.target, topic, at, known)
		}
	}
}

// Documents of a moment share a partition, so that batches are large.
func TestDocumentsOfAMomentShareAPartition(t *testing.T) {
	f := newFake(t, kfake.DefaultNumPartitions(12))
	o := f.start(oneTopic)
	know(t, o)
	changes, last := 0, ""
	for k := range 1000 { // a second
		target := string(o.Partition(nil, &outputtest.DocsFrom(k, 1)[0]))
		if target != last {
			changes++
		}
		last = target
	}
	if changes > 11 {
		t.Errorf("got %d changes of the partition in a second, want 11 at most", changes)
	}
}

func TestKeysAreHashedAsOthersDo(t *testing.T) {
	f := newFake(t, kfake.DefaultNumPartitions(7))
	o := f.start(func(c *Config) { oneTopic(c); c.Key = template(t, "${service.name}") })
	know(t, o)
	theirs := kgo.StickyKeyPartitioner(nil).ForTopic("logs")
	for k := range 500 {
		key := strings.Repeat("ab€", k%5) + fmt.Sprint(k)
		d := event.Doc{JSON: fmt.Appendf(nil, `{"service.name":%q}`, key), Time: int64(k) * 1000}
		want := fmt.Sprintf("logs/%d", theirs.Partition(&kgo.Record{Key: []byte(key)}, 7))
		if got := string(o.Partition(nil, &d)); got != want {
			t.Fatalf("key %s: got %s, want %s", key, got, want)
		}
	}
}

func TestKeysAndHeaders(t *testing.T) {
	f := newFake(t)
	o := f.start(func(c *Config) { oneTopic(c); c.Key = template(t, "${service.name}") })
	docs := outputtest.Docs(2)
	docs[1].JSON = []byte(`{"message":"of no service"}`)
	docs[1].ID.Sub = 2
	if err := send(t, o, docs); err != nil {
		t.Fatal(err)
	}
	for i, r := range f.records() {
		var headers []string
		for _, h := range r.Headers {
			headers = append(headers, h.Key+"="+string(h.Value))
		}
		got := fmt.Sprintf("%q nil=%t %v", r.Key, r.Key == nil, headers)
		want := []string{
			`"svc-0" nil=false [content-type=application/json sluice-retention=audit sluice-id=ASNFZ4mrze8-0-100 sluice-time=1795514400000]`,
			`"" nil=true [content-type=application/json sluice-retention=debug sluice-id=ASNFZ4mrze8-100-100.2 sluice-time=1795514400001]`,
		}[i]
		if got != want {
			t.Errorf("record %d: got %s, want %s", i, got, want)
		}
		if age := time.Since(r.Timestamp); age < -time.Second || age > time.Minute {
			t.Errorf("record %d: its time is %v ago, want the time of sending", i, age)
		}
	}
	plain := f.start(func(c *Config) { oneTopic(c); c.Headers = false })
	if err := send(t, plain, outputtest.DocsFrom(2, 1)); err != nil {
		t.Fatal(err)
	}
	if list := f.records(); len(list) != 3 || len(list[2].Headers) != 0 {
		t.Error("got headers that were not wanted")
	}
}

// A request of a topic that was not known yet, or has fewer partitions than it
// had, is divided.
func TestTargetsThatAreNot(t *testing.T) {
	for _, target := range []string{"logs/?", "logs/9", ""} {
		t.Run("target "+target, func(t *testing.T) {
			f := newFake(t, kfake.DefaultNumPartitions(3))
			o := f.start(func(c *Config) { oneTopic(c); c.Key = template(t, "${seq}") })
			docs := outputtest.Docs(100)
			o.Partition(nil, &docs[0])
			if err := sendTo(t, o, target, docs); err != nil {
				t.Fatal(err)
			}
			list := f.records()
			used := map[int32]int{}
			for _, r := range list {
				used[r.Partition]++
			}
			if len(list) != 100 || len(used) != 3 {
				t.Errorf("got %d records by partition %v, want 100 in 3", len(list), used)
			}
			for _, d := range docs {
				i := slices.IndexFunc(list, func(r *kgo.Record) bool { return string(r.Value) == string(d.JSON) })
				if got, want := fmt.Sprintf("logs/%d", list[i].Partition), string(o.Partition(nil, &d)); got != want {
					t.Errorf("%s is in %s, its target is %s", list[i].Key, got, want)
				}
			}
		})
	}
}

func TestOnePartitionInTroubleStopsNoOther(t *testing.T) {
	f := newFake(t, kfake.DefaultNumPartitions(4))
	o := f.start(func(c *Config) { oneTopic(c); c.Key = template(t, "${seq}") })
	know(t, o)
	fault := f.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: "logs", Partitions: []int32{2}, Err: kerr.NotEnoughReplicas, Count: -1})
	docs := outputtest.Docs(400)
	bad := 0
	for i := range docs {
		if string(o.Partition(nil, &docs[i])) == "logs/2" {
			bad++
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	done := make(chan outputtest.Delivery, 1)
	go func() { done <- outputtest.Deliver(ctx, t, o, docs) }()
	for len(f.stored()) < 400-bad {
		if ctx.Err() != nil {
			t.Fatalf("got %d documents, want the %d of the other partitions", len(f.stored()), 400-bad)
		}
	}
	fault.Remove()
	<-done
	if got := len(f.stored()); got != 400 {
		t.Errorf("got %d documents after the trouble, want 400", got)
	}
	wantCount(t, "possible repeats", o.metrics.repeats, 0)
}

func TestPartitionAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	for _, c := range []struct {
		name   string
		change func(*Config)
	}{
		{"a topic for each class", nil},
		{"a topic by field", func(c *Config) { c.Topic = template(t, "logs-${service.name}-${retention.class}") }},
		{"a key", func(c *Config) { c.Key = template(t, "${service.name}") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFake(t, kfake.DefaultNumPartitions(3))
			o := f.start(c.change)
			docs := outputtest.Docs(6)
			for i := range docs {
				o.Partition(nil, &docs[i])
			}
			know(t, o)
			dst := make([]byte, 0, 512)
			if got := testing.AllocsPerRun(100, func() {
				for i := range docs {
					dst = o.Partition(dst[:0], &docs[i])
				}
			}); got > 0 {
				t.Errorf("got %v allocations for 6 documents", got)
			}
		})
	}
}

func TestBuildAllocatesNothingForADocument(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	f := newFake(t)
	o := f.start(func(c *Config) { oneTopic(c); c.Key = template(t, "${service.name}") })
	docs := group{docs: outputtest.Docs(2000)}
	round := func() {
		b, err := o.build(t.Context(), docs)
		if err != nil {
			t.Fatal(err)
		}
		o.forget(&batch{bytes: b})
	}
	for range 2 * len(o.buffers) {
		round()
	}
	if got := testing.AllocsPerRun(20, round); got > 20 {
		t.Errorf("got %v allocations for 2000 documents", got)
	}
}

// A reload closes the output while nothing is sent; what comes after fails.
func TestClosedOutputKeepsNoConnection(t *testing.T) {
	f := newFake(t)
	o := f.open(outputtest.Deps(t), oneTopic)
	if err := send(t, o, outputtest.Docs(1)); err != nil {
		t.Fatal(err)
	}
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	if err := send(t, o, outputtest.DocsFrom(1, 1)); err != nil {
		t.Fatal(err)
	}
	if n := len(o.cluster.idle); n != 0 {
		t.Errorf("got idle connections to %d brokers", n)
	}
}
