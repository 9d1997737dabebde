//go:build integration

package elasticsearch

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/integration/realserver"
	"github.com/renthub/sluice/outputs"
	"github.com/renthub/sluice/outputs/elasticsearch"
	"github.com/renthub/sluice/outputs/outputtest"
)

// hasJava21 reports whether OpenSearch's script will find a Java that it needs.
func hasJava21() bool {
	if os.Getenv("JAVA21_HOME") != "" {
		return true
	}
	files, err := filepath.Glob("/usr/lib/jvm/*/release")
	if err != nil {
		return false
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			continue
		}
		for _, version := range []string{"21", "22", "23", "24", "25", "26"} {
			if strings.Contains(string(text), `JAVA_VERSION="`+version) {
				return true
			}
		}
	}
	return false
}

func TestOpenSearch(t *testing.T) {
	if !hasJava21() {
		t.Skip("no Java 21 or newer")
	}
	n := realserver.Start(t, realserver.OpenSearch)
	t.Run("without the opt-in it is refused before anything is sent", func(t *testing.T) {
		o := openOutput(t, n, nil, nil)
		err := send(t, o, outputtest.Docs(3))
		var misconfigured *outputs.Misconfigured
		if !errors.As(err, &misconfigured) || !strings.Contains(err.Error(), `product = "any"`) {
			t.Errorf("send: got %v, want Misconfigured with the hint", err)
		}
		if got := n.Count(t, "logs-*"); got != 0 {
			t.Errorf("got %d documents, want none", got)
		}
	})
	t.Run("with it all are stored, once", func(t *testing.T) {
		o := openOutput(t, n, nil, func(c *elasticsearch.Config) { c.Product = "any" })
		docs := outputtest.Docs(60)
		first := send(t, o, docs)
		t.Logf("the first: %v", first) // it learns which parameters are known
		for range 2 {
			if err := send(t, o, docs); err != nil {
				t.Fatalf("send: %v", err)
			}
		}
		if got := n.Count(t, "logs-*"); got != 60 {
			t.Errorf("got %d documents, want 60", got)
		}
	})
	t.Run("plain indices have dates", func(t *testing.T) {
		sendsTwice(t, n, "plain-*", func(c *elasticsearch.Config) {
			c.Product, c.Index = "any", compiled(t, `plain-${service.name}-${retention.class}-${format_time("2006.01.02", timestamp)}`)
		})
	})
	t.Run("a check changes nothing and reads gzip", func(t *testing.T) {
		var steps []string
		for _, f := range openOutput(t, n, nil, func(c *elasticsearch.Config) { c.Product, c.Prefix = "any", "checked" }).(outputs.Checker).Check(t.Context()) {
			t.Logf("%s %s: %s %s", f.Status, f.Step, f.Detail, f.Hint)
			if steps = append(steps, f.Step); f.Status == outputs.CheckFailed {
				t.Errorf("%s: %s", f.Step, f.Detail)
			}
		}
		if !strings.Contains(strings.Join(steps, " "), "gzip") || n.Count(t, "checked-*") != 0 {
			t.Errorf("got steps %v and %d documents, want gzip and none", steps, n.Count(t, "checked-*"))
		}
	})
	t.Run("a mapping conflict is poison and the rest is stored", func(t *testing.T) {
		o := openOutput(t, n, nil, func(c *elasticsearch.Config) { c.Product, c.Prefix = "any", "conflict" })
		_ = send(t, o, outputtest.Docs(1)) // learns the parameters
		err := send(t, o, []event.Doc{document(6, `,"took":5`), document(12, `,"took":{"ms":5}`)})
		var partial *outputs.Partial
		if !errors.As(err, &partial) || len(partial.Failed) != 1 || partial.Failed[0].Answer != outputs.Poison {
			t.Errorf("send: got %v, want one document as poison", err)
		}
	})
}
