//go:build integration

package endtoend

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/renthub/sluice/integration/realserver"
	"github.com/renthub/sluice/integration/rig"
)

// blocks returns the code blocks of docs/elasticsearch.md under a heading that
// begins so.
func blocks(t *testing.T, heading string) []string {
	t.Helper()
	text, err := os.ReadFile("../../docs/elasticsearch.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(text), "\n## "+heading)
	if !ok {
		t.Fatalf("docs/elasticsearch.md has no heading %q", heading)
	}
	section, _, _ = strings.Cut(section, "\n## ")
	var list []string
	for i, part := range strings.Split(section, "\n```") {
		if i%2 == 1 {
			_, code, _ := strings.Cut(part, "\n")
			list = append(list, code)
		}
	}
	return list
}

// TestThePageOfElasticsearchTakesFiveMinutes types what docs/elasticsearch.md
// says, block by block, with another port and the password filled in.
func TestThePageOfElasticsearchTakesFiveMinutes(t *testing.T) {
	const password = "Slu*ce=+t_e-st" // Elasticsearch's own have such characters
	ca, cert, key := realserver.Certificates(t)
	n := realserver.Start(t, realserver.Elasticsearch, "ES_SECURITY=2", "ES_PASSWORD="+password, "ES_TLS_CERT="+cert, "ES_TLS_KEY="+key)
	n.User, n.Pass = "elastic", password
	dir := t.TempDir()
	copyFile(t, ca, filepath.Join(dir, "http_ca.crt"))
	u, err := url.Parse(n.URL)
	if err != nil {
		t.Fatal(err)
	}
	typed := func(heading string, k int) string {
		all := blocks(t, heading)
		if k >= len(all) {
			t.Fatalf("%q has %d blocks, want more than %d", heading, len(all), k)
		}
		return strings.NewReplacer("localhost:9200", "localhost:"+u.Port(), "PASSWORD='...'", "PASSWORD='"+password+"'").Replace(all[k])
	}

	began := time.Now()
	one, two := newTerminal(t, dir), newTerminal(t, dir)
	printed, code := one.run(t, typed("1.", 0))
	if code != 0 || !strings.Contains(printed, "You Know, for Search") {
		t.Fatalf("step 1: exit code %d, printed %s", code, printed)
	}
	one.enter(t, typed("2.", 0)) // sluice run goes on
	repeat(t, "elasticsearch.elk is ok with 0 pending", func() (string, bool) {
		printed, code = two.run(t, typed("2.", 1))
		for line := range strings.Lines(printed) {
			if f := strings.Fields(line); len(f) > 4 && f[0] == "elasticsearch.elk" {
				return printed, code == 0 && f[1] == "ok" && f[4] == "0"
			}
		}
		return printed, false
	})
	t.Logf("sluice status:\n%s", printed)
	repeat(t, "one document is counted", func() (string, bool) {
		printed, _ = two.run(t, typed("3.", 0))
		return printed, strings.Contains(printed, `{"count":1,`)
	})
	t.Logf("from an empty server to a document that is counted: %s", time.Since(began).Round(time.Millisecond))
	one.close()

	t.Run("an API key and a config of one's own", func(t *testing.T) {
		printed, code = two.run(t, typed("A config of your own", 0))
		encoded := regexp.MustCompile(`"encoded":"([^"]+)"`).FindStringSubmatch(printed)
		if encoded == nil {
			t.Fatalf("no key was made, exit code %d: %s", code, printed)
		}
		ownConfig(t, n, ca, encoded[1], typed("A config of your own", 1))
	})
}

// repeat tries what a reader tries again when it is not yet so.
func repeat(t *testing.T, what string, try func() (string, bool)) {
	t.Helper()
	var last string
	rig.Eventually(t, 30*time.Second, func() string { return what + "; the last output: " + last }, func() bool {
		var ok bool
		last, ok = try()
		return ok
	})
}

// ownConfig runs the page's config with its key, and then retention with it.
func ownConfig(t *testing.T, n *realserver.Node, ca, key, config string) {
	dir := t.TempDir()
	secret := filepath.Join(dir, "es_api_key")
	write(t, secret, key+"\n")
	write(t, filepath.Join(dir, "app.log"), `{"level":"info","msg":"by key"}`+"\n")
	for _, change := range [][2]string{
		{`"/var/log/renthub/bookings/*.log"`, fmt.Sprintf("%q", filepath.Join(dir, "*.log"))},
		{`["https://es-1:9200", "https://es-2:9200"]`, fmt.Sprintf("[%q]", n.URL)},
		{"/run/secrets/es_api_key", secret},
		{"/etc/ssl/elasticsearch-ca.crt", ca},
	} {
		if !strings.Contains(config, change[0]) {
			t.Fatalf("the page's config has no %s any more", change[0])
		}
		config = strings.ReplaceAll(config, change[0], change[1])
	}
	write(t, filepath.Join(dir, "pipeline.hcl"), config)
	shell := newTerminal(t, dir)
	if printed, code := shell.run(t, "sluice validate"); code != 0 {
		t.Fatalf("validate: exit code %d, %s", code, printed)
	}
	shell.enter(t, "sluice run")
	rig.Eventually(t, 30*time.Second, func() string { return "the second document" },
		func() bool { return n.Count(t, "logs-bookings-standard") == 2 })
	if printed, code := newTerminal(t, dir).run(t, "sluice retention plan"); code > 1 {
		t.Errorf("retention plan by key: exit code %d, %s", code, printed)
	}
	if printed, code := newTerminal(t, dir).run(t, "sluice retention apply --yes"); code != 0 {
		t.Errorf("retention apply by key: exit code %d, %s", code, printed)
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	write(t, to, string(text))
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
