package bench

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
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
	pathsOf   = regexp.MustCompile(`paths\s*=\s*\["(.*)"\]`)
	outputOf  = regexp.MustCompile(`output "(\w+)" "sink" \{\s*endpoints = \["(?:http://)?(.*)"\]`)
	clusterOf = regexp.MustCompile(`"labels.cluster"\s*=\s*"(.*)"`)
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
	var tailers []*fakeTailer
	for _, o := range outputOf.FindAllSubmatch(text, -1) {
		ship, err := fakeOutput(ctx, string(o[1]), string(o[2]))
		if err != nil {
			return err
		}
		tailers = append(tailers, &fakeTailer{
			glob:  string(pathsOf.FindSubmatch(text)[1]),
			ship:  ship,
			tail:  `,"@timestamp":"2026-11-24T10:00:00Z","labels":{"cluster":"` + string(clusterOf.FindSubmatch(text)[1]) + `"}}`,
			read:  map[string]int64{},
			fault: os.Getenv("FAKE_AGENT_FAULT"),
		})
	}
	var working sync.WaitGroup
	for _, a := range tailers {
		working.Go(func() { a.tailUntil(ctx) })
	}
	working.Wait()
	return nil
}

func (a *fakeTailer) tailUntil(ctx context.Context) {
	for ctx.Err() == nil {
		more, err := a.pass()
		if err != nil && ctx.Err() == nil {
			fmt.Fprintln(os.Stderr, err)
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
}

type fakeTailer struct {
	glob, fault, tail string
	ship              func(docs []string) error
	read              map[string]int64 // bytes taken of each file
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
	var docs []string
	for line := range bytes.Lines(lines) {
		docs = a.append(docs, string(line[:len(line)-1]))
	}
	return a.ship(docs)
}

func (a *fakeTailer) append(docs []string, line string) []string {
	times := 1
	if strings.Contains(line, `"seq":77,`) {
		switch a.fault {
		case "lose":
			times = 0
		case "repeat":
			times = 2
		}
	}
	doc, isJSON := strings.CutSuffix(line, "}")
	if !isJSON {
		doc = fmt.Sprintf(`{"message":%q`, line)
	}
	return append(docs, slices.Repeat([]string{doc + a.tail}, times)...)
}
