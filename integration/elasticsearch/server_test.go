//go:build integration

package elasticsearch

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// node is a running server.
type node struct {
	script, dist string // start.sh, and the environment variable of its install
	dir          string
	port         int
	env          []string
	url          string
	user, pass   string
}

// cacheDir is where servers are installed and run. Every parent must be
// passable for others, since the servers drop root.
func cacheDir() string {
	if dir := os.Getenv("SLUICE_IT_CACHE"); dir != "" {
		return dir
	}
	return "/var/tmp/sluice-it"
}

// newNode starts a server that ends with the test.
func newNode(t *testing.T, script, distVariable, distName string, env ...string) *node {
	t.Helper()
	for _, tool := range []string{"bash", "mvn", "java", "curl", "unzip"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed", tool)
		}
	}
	cache := cacheDir()
	if err := os.MkdirAll(cache, 0o755); err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp(cache, "run-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	n := &node{script: script, dir: filepath.Join(dir, "data"), port: freePort(t),
		env: append(env, distVariable+"="+filepath.Join(cache, distName))}
	n.start(t)
	t.Cleanup(func() {
		n.stop(t)
		if err := os.RemoveAll(dir); err != nil {
			t.Logf("remove %s: %v", dir, err)
		}
	})
	return n
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// start runs the script, which returns once the server answers.
func (n *node) start(t *testing.T) {
	t.Helper()
	cmd := exec.Command("bash", n.script, n.dir, strconv.Itoa(n.port), strconv.Itoa(freePort(t)))
	cmd.Env = append(os.Environ(), n.env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("start server: %v\n%s", err, stderr.String())
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	fields := strings.Fields(lines[len(lines)-1])
	if len(fields) < 2 || fields[0] != "ready" {
		t.Fatalf("start server: it printed %q", out)
	}
	n.url = fields[1]
}

// stop ends the server and waits for its end.
func (n *node) stop(t *testing.T) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(n.dir, "pid"))
	if err != nil {
		return // stopped before
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatalf("read pid: %v", err)
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		return
	}
	until(t, "the server ends", func() bool { return syscall.Kill(pid, 0) != nil })
	_ = os.Remove(filepath.Join(n.dir, "pid")) // Elasticsearch has done so
}

// until waits for a condition.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(time.Minute)
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited a minute in vain until %s", what)
		}
	}
}

// ask sends a request to the server and decodes the answer.
func (n *node) ask(t *testing.T, method, path, body string, into any) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, n.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if n.user != "" {
		req.SetBasicAuth(n.user, n.pass)
	}
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	defer client.CloseIdleConnections()
	res, err := client.Do(req)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if into != nil {
		if err := json.Unmarshal(text, into); err != nil {
			t.Fatalf("%s %s: %v in %s", method, path, err, text)
		}
	}
	return res.StatusCode
}

// count returns how many documents match an index pattern.
func (n *node) count(t *testing.T, pattern string) int {
	t.Helper()
	n.ask(t, "POST", "/"+pattern+"/_refresh", "", nil)
	var answer struct {
		Count int `json:"count"`
	}
	if status := n.ask(t, "GET", "/"+pattern+"/_count?ignore_unavailable=true", "", &answer); status != 200 {
		t.Fatalf("count %s: status %d", pattern, status)
	}
	return answer.Count
}

func (n *node) String() string { return fmt.Sprintf("node at %s", n.url) }
