//go:build integration

package realserver

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// victoriaLogs is the version, as testdata/victorialogs.mod has it.
const victoriaLogs = "dc94972a8708"

// buildVictoriaLogs returns the path of VictoriaLogs' binary.
func buildVictoriaLogs(t testing.TB) string {
	t.Helper()
	cache := cacheDir()
	binary := filepath.Join(cache, "victoria-logs-"+victoriaLogs)
	if _, err := os.Stat(binary); err == nil {
		return binary
	}
	dir := t.TempDir()
	for _, name := range []string{"mod", "sum"} {
		text, err := os.ReadFile(filepath.Join("../splunk/testdata", "victorialogs."+name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "go."+name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		t.Fatal(err)
	}
	made := filepath.Join(dir, "victoria-logs")
	cmd := exec.Command("go", "build", "-o", made, "github.com/VictoriaMetrics/VictoriaLogs/app/victoria-logs")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-mod=mod")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build VictoriaLogs: %v\n%s", err, out)
	}
	text, err := os.ReadFile(made)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(binary+".new", text, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(binary+".new", binary); err != nil {
		t.Fatal(err)
	}
	return binary
}

// flushed is how long what VictoriaLogs has answered for is in memory alone.
const flushed = time.Second

// VictoriaLogs is a server with its data, running or not.
type VictoriaLogs struct {
	URL    string
	binary string
	dir    string
	cmd    *exec.Cmd
}

// StartVictoriaLogs starts a server with new data that ends with the test.
func StartVictoriaLogs(t testing.TB) *VictoriaLogs {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	v := &VictoriaLogs{URL: "http://" + listener.Addr().String(), binary: buildVictoriaLogs(t), dir: t.TempDir()}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Kill)
	v.Start(t)
	return v
}

// Start starts a server on its data, and returns once it answers.
func (v *VictoriaLogs) Start(t testing.TB) {
	t.Helper()
	log, err := os.OpenFile(filepath.Join(v.dir, "log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	v.cmd = exec.Command(v.binary, "-storageDataPath="+filepath.Join(v.dir, "data"), "-httpListenAddr="+strings.TrimPrefix(v.URL, "http://"),
		"-inmemoryDataFlushInterval="+flushed.String(), "-insert.maxLineSizeBytes=2MiB", "-insert.maxFieldsPerLine=3000",
		"-memory.allowedBytes=256MiB", "-loggerLevel=WARN", "-retentionPeriod=10y")
	v.cmd.Stdout, v.cmd.Stderr = log, log
	v.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := v.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	Until(t, "VictoriaLogs answers", func() bool {
		res, err := http.Get(v.URL + "/health")
		return err == nil && res.Body.Close() == nil && res.StatusCode == http.StatusOK
	})
}

// Kill ends the server with SIGKILL and waits for its end. Its data stays.
func (v *VictoriaLogs) Kill() {
	if v.cmd == nil {
		return
	}
	_ = v.cmd.Process.Kill() // it may have ended
	_ = v.cmd.Wait()         // killed is an error
	v.cmd = nil
}

// Log is the end of what the server has written of itself.
func (v *VictoriaLogs) Log() string {
	text, err := os.ReadFile(filepath.Join(v.dir, "log"))
	if err != nil {
		return err.Error()
	}
	return string(text[max(len(text)-4000, 0):])
}

// Intake is the address of its HEC, as endpoints takes it.
func (v *VictoriaLogs) Intake() string { return v.URL + "/insert/splunk" }

// Query calls row with each row that a LogsQL query finds.
func (v *VictoriaLogs) Query(t testing.TB, text string, row func(fields map[string]string)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, v.URL+"/select/logsql/query", strings.NewReader(url.Values{"query": {text}}.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(res.Body)
		t.Fatalf("query %s: %s: %s", text, res.Status, body)
	}
	lines := bufio.NewReaderSize(res.Body, 1<<20)
	for {
		line, err := lines.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			var fields map[string]string
			if err := json.Unmarshal(line, &fields); err != nil {
				t.Fatalf("row %.200q: %v", line, err)
			}
			row(fields)
		}
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatalf("read rows: %v", err)
		}
	}
}

// Count is how many rows a query finds.
func (v *VictoriaLogs) Count(t testing.TB) int {
	n := 0
	v.Query(t, "* | count() as n", func(f map[string]string) {
		if err := json.Unmarshal([]byte(f["n"]), &n); err != nil {
			t.Fatal(err)
		}
	})
	return n
}
