package kafka

import (
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/renthub/sluice/internal/config"
	"github.com/renthub/sluice/outputs"
)

// found is what a check finds, as text.
func found(t *testing.T, o *Output) string {
	t.Helper()
	var lines []string
	for _, f := range o.Check(t.Context()) {
		if (f.Hint == "") != (f.Status == outputs.CheckPassed) {
			t.Errorf("%+v: a hint goes with trouble, and only with it", f)
		}
		lines = append(lines, fmt.Sprintf("%v %s: %s", f.Status, f.Step, f.Detail))
	}
	return strings.Join(lines, "\n")
}

func wantLines(t *testing.T, got string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(got, w) {
			t.Errorf("got\n%s\nwant a line with %q", got, w)
		}
	}
}

func TestCheck(t *testing.T) {
	t.Run("all is well", func(t *testing.T) {
		f := newFake(t)
		f.create("logs-audit", nil)
		o := f.start(nil)
		wantLines(t, found(t, o), "ok resolve: 127.0.0.1 is 127.0.0.1", "ok connect: ", "ok log in: the cluster has 1 brokers",
			"ok topic: topic logs-audit has 1 partitions", "ok topic: topic logs-debug will be created with retention.ms = 259200000")
		if n := len(f.topics()); n != 1 {
			t.Errorf("got %d topics after the check, want the one that was there", n)
		}
	})
	t.Run("a topic that nobody makes", func(t *testing.T) {
		f := newFake(t)
		wantLines(t, found(t, f.start(func(c *Config) { oneTopic(c); c.CreateTopics = false })), "fail topic: topic logs does not exist")
	})
	t.Run("a topic that cannot be made", func(t *testing.T) {
		f := newFake(t)
		wantLines(t, found(t, f.start(func(c *Config) { oneTopic(c); c.ReplicationFactor = 7 })), "fail topic: topic logs cannot be created")
	})
	t.Run("a wrong password", func(t *testing.T) {
		f := newFake(t, kfake.EnableSASL(), kfake.Superuser("PLAIN", "u", "right"))
		o := f.start(func(c *Config) { c.SASL, c.Username, c.Password = "plain", "u", config.NewSecret("wrong") })
		wantLines(t, found(t, o), "ok connect", "fail log in")
	})
	t.Run("nobody there", func(t *testing.T) {
		f := newFake(t)
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
		wantLines(t, found(t, f.start(func(c *Config) { c.Endpoints = []string{l.Addr().String()} })), "fail connect")
		both := found(t, f.start(func(c *Config) { c.Endpoints = append(c.Endpoints, l.Addr().String()) }))
		wantLines(t, both, "warn connect", "ok log in")
	})
	t.Run("a name that is none", func(t *testing.T) {
		f := newFake(t)
		wantLines(t, found(t, f.start(func(c *Config) { c.Endpoints = []string{"no-such-host.invalid:9092"} })), "fail resolve")
	})
	t.Run("certificates", func(t *testing.T) {
		for days, want := range map[int]string{100: "ok tls: certificate of 127.0.0.1 is good for 100 days", 5: "warn tls: certificate of 127.0.0.1 is good for 5 days", -1: "fail tls"} {
			cert, _, pair := certificate(t, days)
			f := secure(t, pair, false)
			wantLines(t, found(t, f.start(func(c *Config) { c.CAFile = cert })), want)
		}
	})
	t.Run("a user who may not write", func(t *testing.T) {
		f := newFake(t, kfake.EnableSASL(), kfake.EnableACLs(), kfake.Superuser("PLAIN", "root", "root"), kfake.User("PLAIN", "u", "p"),
			kfake.SeedTopics(1, "logs"))
		o := f.start(func(c *Config) { oneTopic(c); c.SASL, c.Username, c.Password = "plain", "u", config.NewSecret("p") })
		wantLines(t, found(t, o), "fail topic")
	})
}
