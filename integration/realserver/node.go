//go:build integration

package realserver

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Node is a server with its data, running or not.
type Node struct {
	URL        string // http or https, 127.0.0.1
	User, Pass string // of what Ask sends; nothing if empty

	script string // start.sh
	env    []string
	dir    string
	port   int
}

// Elasticsearch is the server's folder as tests in the folders beside it see it.
const Elasticsearch = "../elasticsearch/server"

// OpenSearch is the same of OpenSearch.
const OpenSearch = "../opensearch/server"

// The same of others, which have starts of their own.
const (
	kafka = "../kafka/server"
	moto  = "../cloudwatch/server"
)

// Start starts a server with new data that ends with the test. env is what its
// start.sh takes, "ES_YML=...".
func Start(t testing.TB, server string, env ...string) *Node {
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
	dist := map[string]string{
		Elasticsearch: "ES_DIST=" + filepath.Join(cache, "es-dist"), OpenSearch: "OS_DIST=" + filepath.Join(cache, "os-dist"),
		kafka: "KAFKA_LIB=" + filepath.Join(cache, "kafka-lib"), moto: "MOTO_VENV=" + filepath.Join(cache, "moto-venv"),
	}
	n := &Node{script: filepath.Join(server, "start.sh"), dir: filepath.Join(dir, "data"), port: freePorts(t, 10), env: append(env, dist[server])}
	t.Cleanup(func() {
		n.Stop(t)
		if err := os.RemoveAll(dir); err != nil {
			t.Logf("remove %s: %v", dir, err)
		}
	})
	n.Start(t)
	return n
}

// cacheDir is where servers are installed and run. Every parent must be
// passable for others, since the servers drop root.
func cacheDir() string {
	if dir := os.Getenv("SLUICE_IT_CACHE"); dir != "" {
		return dir
	}
	return "/var/tmp/sluice-it"
}

// freePorts is the first of n free ports in a row, below those that the system
// gives to connections: a server that is down must find its own again.
func freePorts(t testing.TB, n int) int {
	t.Helper()
next:
	for range 100 {
		first := 20000 + rand.IntN(12000)
		for port := first; port < first+n; port++ {
			l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
			if err != nil {
				continue next
			}
			l.Close()
		}
		return first
	}
	t.Fatalf("no %d ports in a row are free", n)
	return 0
}

func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// Start starts a stopped or killed server on its data and port. It returns once
// the server answers.
func (n *Node) Start(t testing.TB) {
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
	n.URL = fields[1]
}

// Stop ends the server and waits for its end. One that does not run is left
// alone.
func (n *Node) Stop(t testing.TB) { n.end(t, syscall.SIGTERM) }

// Kill ends the server with SIGKILL. Its data stays as it is.
func (n *Node) Kill(t testing.TB) { n.end(t, syscall.SIGKILL) }

func (n *Node) end(t testing.TB, signal syscall.Signal) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(n.dir, "pid"))
	if err != nil {
		return // ended before
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatalf("read pid: %v", err)
	}
	if err := syscall.Kill(pid, signal); err != nil {
		return
	}
	Until(t, "the server ends", func() bool { return syscall.Kill(pid, 0) != nil })
	_ = os.Remove(filepath.Join(n.dir, "pid")) // Elasticsearch does so itself when it is not killed
}

// Until waits up to a minute for a condition.
func Until(t testing.TB, what string, holds func() bool) {
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

func (n *Node) String() string { return fmt.Sprintf("node at %s", n.URL) }
