//go:build integration

package endtoend

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/renthub/sluice/integration/realserver"
	"github.com/renthub/sluice/integration/rig"
)

func TestAMappingConflictIsADeadLetterWhileTheRestIsStored(t *testing.T) {
	const good = 500
	n := realserver.Start(t, realserver.Elasticsearch)
	cfg := rig.Config{Dir: t.TempDir(), Admin: rig.FreeAddress(t), Outputs: []string{
		output(`"elasticsearch" "main"`, fmt.Sprintf("endpoints = [%q]", n.URL)),
	}}
	config := cfg.Write(t)
	refused := map[string]string{ // by message
		"an object":  `{"level":"info","msg":"an object","took":{"ms":5}}`,
		"a text":     `{"level":"info","msg":"a text","took":"long"}`,
		"no boolean": `{"level":"info","msg":"no boolean","took":true}`,
	}
	var text strings.Builder
	for i := range good {
		fmt.Fprintf(&text, `{"level":"info","msg":"line","seq":%d,"took":%d}`+"\n", i, i%90)
		if i == good/2 {
			for _, line := range refused {
				text.WriteString(line + "\n")
			}
		}
	}
	if err := os.WriteFile(filepath.Join(cfg.Logs(), "app.log"), []byte(text.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	a := start(t, config, cfg.Admin)
	delivered(t, a, cfg.Admin, "elasticsearch.main", good+len(refused))
	if got := n.Count(t, "logs-rig-standard"); got != good {
		t.Errorf("got %d documents, want the %d others", got, good)
	}

	t.Run("the running agent's are listed", func(t *testing.T) { listed(t, cfg.Dir, config, refused) })
	a.Stop(t)
	t.Run("a stopped agent's are listed", func(t *testing.T) { listed(t, cfg.Dir, config, refused) })

	again := start(t, config, cfg.Admin)
	rig.Eventually(t, 20*time.Second, func() string { return "the second start; the agent says: " + again.Log() },
		func() bool {
			return rig.Metrics(t, cfg.Admin)[`sluice_output_pending_documents{output="elasticsearch.main"}`] == 0
		})
	again.Stop(t)
	t.Run("a restart neither forgets nor repeats one", func(t *testing.T) { listed(t, cfg.Dir, config, refused) })
}

// listed demands that each refused line is one dead letter with the server's
// words.
func listed(t *testing.T, dir, config string, refused map[string]string) {
	t.Helper()
	list := sluice(t, dir, "dlq", "ls", "-c", config, "-o", "json")
	if list.code != 0 {
		t.Errorf("exit code %d, want 0; it says: %s", list.code, list.notices)
	}
	var messages []string
	for line := range strings.Lines(list.out) {
		var l struct {
			Output, Reason, ID string
			Document           map[string]any
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		t.Logf("reason: %s", l.Reason)
		message, _ := l.Document["message"].(string)
		messages = append(messages, message)
		if _, ok := refused[message]; !ok || l.Output != "elasticsearch.main" || l.ID == "" ||
			!strings.Contains(l.Reason, "document_parsing_exception") || !strings.Contains(l.Reason, "[took]") {
			t.Errorf("got dead letter %s, want a refused line with the server's words about took", line)
		}
	}
	if len(messages) != len(refused) {
		t.Errorf("got dead letters %q, want %d", messages, len(refused))
	}
}
