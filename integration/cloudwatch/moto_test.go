//go:build integration

package cloudwatch

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/integration/realserver"
	"github.com/renthub/sluice/outputs"
	"github.com/renthub/sluice/outputs/cloudwatch"
	"github.com/renthub/sluice/outputs/outputtest"
)

func TestMoto(t *testing.T) {
	n := realserver.StartMoto(t)
	t.Run("every document is read back as it was, by its id", func(t *testing.T) { readsBack(t, n, "cut") })
	t.Run("large ones in parts, if they are to be split", func(t *testing.T) { readsBack(t, n, "split") })
	t.Run("groups are made with the retention of their class", func(t *testing.T) { makesGroups(t, n) })
	t.Run("old and new events are dead letters, the others are stored", func(t *testing.T) { rejects(t, n) })
	t.Run("all checks pass", func(t *testing.T) { checks(t, n) })
	t.Run("a server that is killed and started goes on", func(t *testing.T) { survivesKill(t, n) })
}

func openOutput(t *testing.T, url string, change func(*cloudwatch.Config)) outputs.Output {
	t.Helper()
	c := cloudwatch.Type.Config().(*cloudwatch.Config)
	c.Endpoints = []string{url}
	if change != nil {
		change(c)
	}
	o, err := cloudwatch.Type.Open(c, outputtest.Deps(t))
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() {
		if err := o.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return o
}

// send sends documents as the pipeline does: requests of one target each, in
// order, within the limits.
func send(t *testing.T, o outputs.Output, docs []event.Doc) error {
	t.Helper()
	limits := o.Limits()
	open := map[string][]event.Doc{}
	sizes := map[string]int{}
	flush := func(target string) error {
		r := outputtest.Request(t, o, open[target])
		r.Target = target
		open[target], sizes[target] = nil, 0
		err := o.Send(t.Context(), r)
		outputtest.Poison(r)
		return err
	}
	for i := range docs {
		d := docs[i]
		target := string(o.(outputs.Partitioner).Partition(nil, &d))
		if len(open[target]) > 0 && (sizes[target]+len(d.JSON) > limits.Bytes || len(open[target]) == limits.Docs) {
			if err := flush(target); err != nil {
				return err
			}
		}
		open[target], sizes[target] = append(open[target], d), sizes[target]+len(d.JSON)
	}
	for target := range open {
		if len(open[target]) == 0 {
			continue
		}
		if err := flush(target); err != nil {
			return err
		}
	}
	return nil
}

// sendUntilTaken sends documents of each target until all are taken, as the
// pipeline does after an outage: what was taken is not sent again.
func sendUntilTaken(t *testing.T, o outputs.Output, docs []event.Doc) {
	t.Helper()
	byTarget := map[string][]event.Doc{}
	for i := range docs {
		target := string(o.(outputs.Partitioner).Partition(nil, &docs[i]))
		byTarget[target] = append(byTarget[target], docs[i])
	}
	for _, docs := range byTarget {
		var err error
		realserver.Until(t, "the new server takes documents", func() bool {
			if err = send(t, o, docs); err != nil {
				t.Logf("not yet: %.300v", err)
			}
			return err == nil
		})
	}
}

func readsBack(t *testing.T, n *realserver.Node, rule string) {
	p := realserver.NewCloudWatchProxy(t, n.URL)
	o := openOutput(t, p.URL, func(c *cloudwatch.Config) { c.Prefix, c.OnLarge = "/back-"+rule, rule })
	count := 6000
	if os.Getenv("LONG") != "" {
		count = 100000
	}
	samples := makeSamples(count)
	start := time.Now()
	if err := send(t, o, docsOf(samples)); err != nil {
		t.Fatalf("send: %v", err)
	}
	t.Logf("%d documents in %d calls of %d bytes on average, %v", count, p.Puts.Load(), p.Bytes.Load()/p.Puts.Load(), time.Since(start).Round(time.Millisecond))
	compare(t, realserver.CloudWatchMessages(t, n, "/back-"+rule), samples, rule)
}

func makesGroups(t *testing.T, n *realserver.Node) {
	o := openOutput(t, n.URL, func(c *cloudwatch.Config) {
		c.Prefix, c.LogGroupClass, c.Tags = "/made", "infrequent_access", map[string]string{"team": "platform"}
	})
	if err := send(t, o, recent(outputtest.Docs(30))); err != nil {
		t.Fatalf("send: %v", err)
	}
	client := realserver.CloudWatchReader(t, n)
	groups, err := client.DescribeLogGroups(t.Context(), &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: aws.String("/made")})
	if err != nil {
		t.Fatal(err)
	}
	if len(groups.LogGroups) != 6 {
		t.Errorf("got %d groups, want 6", len(groups.LogGroups))
	}
	for _, g := range groups.LogGroups {
		name := *g.LogGroupName
		want := map[string]int32{"audit": 400, "debug": 3, "standard": 30}[name[strings.LastIndexByte(name, '/')+1:]]
		if got := aws.ToInt32(g.RetentionInDays); got != want {
			t.Errorf("%s keeps for %d days, want %d", name, got, want)
		}
	}
	plan, err := o.(outputs.Retainer).PlanRetention(t.Context())
	if err != nil {
		t.Fatalf("plan: %v", err)
	}
	for _, c := range plan {
		if c.Action != outputs.KeepRetention {
			t.Errorf("plan: %+v", c)
		}
	}
	if _, err := client.PutRetentionPolicy(t.Context(), &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: aws.String("/made/svc-0/audit"), RetentionInDays: aws.Int32(7)}); err != nil {
		t.Fatal(err)
	}
	plan, err = o.(outputs.Retainer).PlanRetention(t.Context())
	if err != nil {
		t.Fatalf("plan: %v", err)
	}
	if i := slices.IndexFunc(plan, func(c outputs.RetentionChange) bool { return c.Action == outputs.ExtendRetention }); i < 0 || plan[i].Name != "/made/svc-0/audit" {
		t.Fatalf("plan: got %+v, want /made/svc-0/audit to be extended", plan)
	}
	if err := o.(outputs.Retainer).ApplyRetention(t.Context(), plan); err != nil {
		t.Errorf("apply: %v", err)
	}
}

// recent gives documents times of now: moto refuses what is old.
func recent(docs []event.Doc) []event.Doc {
	now := time.Now().UnixMilli()
	for i := range docs {
		docs[i].Time = now + int64(i)
	}
	return docs
}

func rejects(t *testing.T, n *realserver.Node) {
	o := openOutput(t, realserver.NewCloudWatchProxy(t, n.URL).URL, func(c *cloudwatch.Config) { c.Prefix = "/rejects" })
	docs := recent(outputtest.Docs(4))
	for i := range docs {
		docs[i].Retention = "audit"
		docs[i].JSON = fmt.Appendf(nil, `{"service.name":"s","n":%d}`, i)
	}
	if err := send(t, o, docs[:1]); err != nil { // the service's clock is known now
		t.Fatalf("send: %v", err)
	}
	docs[1].Time = time.Now().Add(-15 * 24 * time.Hour).UnixMilli()
	docs[2].Time = time.Now().Add(2*time.Hour + time.Minute).UnixMilli() // so near that the service is asked
	err := send(t, o, docs[1:])
	partial, ok := err.(*outputs.Partial)
	if !ok || len(partial.Failed) != 2 || partial.Failed[0].Answer != outputs.Poison || !strings.Contains(partial.Failed[0].Reason, "too old") ||
		partial.Failed[1].Index != 1 || !strings.Contains(partial.Failed[1].Reason, "too new, the service says") {
		t.Errorf("got %+v, want two dead letters", err)
	}
	if got := realserver.CloudWatchMessages(t, n, "/rejects"); len(got) != 2 {
		t.Errorf("stored %q, want documents 0 and 3", got)
	}
}

func checks(t *testing.T, n *realserver.Node) {
	o := openOutput(t, n.URL, nil)
	for _, f := range o.(outputs.Checker).Check(t.Context()) {
		t.Logf("%-11s %-4s %s", f.Step, f.Status, f.Detail)
		if f.Status == outputs.CheckFailed {
			t.Errorf("%+v", f)
		}
	}
}

// moto keeps nothing when it is killed: what is sent afterwards needs its group
// again, and all of it must be there.
func survivesKill(t *testing.T, n *realserver.Node) {
	p := realserver.NewCloudWatchProxy(t, n.URL)
	o := openOutput(t, p.URL, func(c *cloudwatch.Config) { c.Prefix = "/kill" })
	samples := makeSamples(2000)
	docs := docsOf(samples)
	if err := send(t, o, docs[:1000]); err != nil {
		t.Fatalf("send: %v", err)
	}
	n.Kill(t)
	if err := send(t, o, docs[1000:]); err == nil {
		t.Error("send to a killed server: got no error")
	} else {
		t.Logf("while killed: %v", err)
	}
	n.Start(t)
	sendUntilTaken(t, o, docs[1000:])
	compare(t, realserver.CloudWatchMessages(t, n, "/kill"), samples[1000:], "cut")
}
