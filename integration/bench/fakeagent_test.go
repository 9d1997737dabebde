package bench

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
)

// TestMain lets the test binary play the other processes, too.
func TestMain(m *testing.M) {
	switch {
	case len(os.Args) == 2 && os.Args[1] == "bench-sink":
		os.Exit(SinkMain(nil))
	case len(os.Args) == 4 && os.Args[1] == "run":
		if err := fakeAgent(os.Args[3]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

var (
	pathsOf    = regexp.MustCompile(`paths\s*=\s*\["(.*)"\]`)
	endpointOf = regexp.MustCompile(`endpoints\s*=\s*\["(.*)"\]`)
	clusterOf  = regexp.MustCompile(`"labels.cluster"\s*=\s*"(.*)"`)
)

// fakeAgent tails files into the sink as simply as can be: enough to test the
// harness with. FAKE_AGENT_FAULT makes it lose or repeat a line.
func fakeAgent(config string) error {
	text, err := os.ReadFile(config)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	a := fakeTailer{
		glob:  string(pathsOf.FindSubmatch(text)[1]),
		url:   string(endpointOf.FindSubmatch(text)[1]) + "/_bulk",
		tail:  []byte(`,"@timestamp":"2026-11-24T10:00:00Z","labels":{"cluster":"` + string(clusterOf.FindSubmatch(text)[1]) + `"}}` + "\n"),
		read:  map[string]int64{},
		fault: os.Getenv("FAKE_AGENT_FAULT"),
	}
	for ctx.Err() == nil {
		more, err := a.pass()
		if err != nil && ctx.Err() == nil {
			select { // the sink is away
			case <-ctx.Done():
			case <-time.After(50 * time.Millisecond):
			}
		}
		if !more {
			select {
			case <-ctx.Done():
			case <-time.After(10 * time.Millisecond):
			}
		}
	}
	return nil
}

type fakeTailer struct {
	glob, url, fault string
	tail             []byte
	read             map[string]int64 // bytes taken of each file
	body             bytes.Buffer
	w                gzip.Writer
}

func (a *fakeTailer) pass() (more bool, err error) {
	files, err := filepath.Glob(a.glob)
	if err != nil {
		return false, err
	}
	slices.Sort(files)
	for _, name := range files {
		took, err := a.passFile(name)
		if err != nil {
			return false, err
		}
		more = more || took
	}
	return more, nil
}

func (a *fakeTailer) passFile(name string) (bool, error) {
	f, err := os.Open(name)
	if err != nil {
		return false, err
	}
	defer f.Close()
	buf := make([]byte, 1<<20)
	n, _ := f.ReadAt(buf, a.read[name])
	end := bytes.LastIndexByte(buf[:n], '\n') + 1
	if end == 0 {
		return false, nil
	}
	if err := a.send(buf[:end]); err != nil {
		return false, err
	}
	a.read[name] += int64(end)
	return true, nil
}

func (a *fakeTailer) send(lines []byte) error {
	a.body.Reset()
	a.w.Reset(&a.body)
	for line := range bytes.Lines(lines) {
		a.write(line)
	}
	if err := a.w.Close(); err != nil {
		return err
	}
	req, err := http.NewRequest(http.MethodPost, a.url, bytes.NewReader(a.body.Bytes()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Encoding", "gzip")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the sink says %s", resp.Status)
	}
	return nil
}

func (a *fakeTailer) write(line []byte) {
	times := 1
	if bytes.Contains(line, []byte(`"seq":77,`)) {
		switch a.fault {
		case "lose":
			times = 0
		case "repeat":
			times = 2
		}
	}
	for range times {
		a.w.Write([]byte(`{"create":{"_id":"x"}}` + "\n"))
		if strings.HasPrefix(string(line), "{") {
			a.w.Write(line[:len(line)-2])
		} else {
			fmt.Fprintf(&a.w, `{"message":%q`, line[:len(line)-1])
		}
		a.w.Write(a.tail)
	}
}
