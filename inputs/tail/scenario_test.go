package tail

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/inputs/framing"
)

// TestScenarios runs the scripts in testdata/scenarios. A script is a list of commands, one a line; its name is what must
// hold. The commands are the cases of scenario.command below.
func TestScenarios(t *testing.T) {
	scripts, err := filepath.Glob("testdata/scenarios/*.txt")
	if err != nil || len(scripts) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, script := range scripts {
		name := strings.ReplaceAll(strings.TrimSuffix(filepath.Base(script), ".txt"), "-", " ")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(script)
			if err != nil {
				t.Fatal(err)
			}
			s := &scenario{rig: newRig(t)}
			s.opts.Rescan, s.opts.Poll = 150*time.Millisecond, 100*time.Millisecond
			for i, line := range strings.Split(string(text), "\n") {
				if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
					continue
				}
				s.line = fmt.Sprintf("%s:%d: %s", filepath.Base(script), i+1, line)
				s.command(line)
				if t.Failed() {
					t.Fatal(s.line)
				}
			}
		})
	}
}

type scenario struct {
	*rig
	line string
	want []string
}

func (s *scenario) command(line string) {
	s.t.Helper()
	name, rest, _ := strings.Cut(line, " ")
	args := strings.Fields(rest)
	file := func(i int) string { return s.path(args[i]) }
	var err error
	switch name {
	case "option":
		s.option(args[0], args[1:])
	case "start":
		s.start()
	case "stop":
		s.stop()
	case "kill": // and lose all cuts but the first N
		s.stop()
		s.sink.Crash(s.number(args[0]))
	case "once": // run to the end of all files
		s.opts.Once = true
		s.start()
		err = s.running.WaitEnd(s.t)
		s.running = nil
	case "echo":
		s.append(args[0], strings.TrimPrefix(rest, args[0]+" ")+"\n")
	case "print": // a quoted string
		var text string
		text, err = strconv.Unquote(strings.TrimPrefix(rest, args[0]+" "))
		s.append(args[0], text)
	case "repeat": // FILE N TEXT: N lines with a number before them
		var b strings.Builder
		for i := range s.number(args[1]) {
			fmt.Fprintf(&b, "%d %s\n", i, strings.Join(args[2:], " "))
		}
		s.append(args[0], b.String())
	case "want": // a line that must come once
		s.want = append(s.want, rest)
	case "wantrepeat": // N TEXT
		for i := range s.number(args[0]) {
			s.want = append(s.want, fmt.Sprintf("%d %s", i, strings.Join(args[1:], " ")))
		}
	case "check": // wait for all lines that are wanted; nothing else may have come
		s.check()
	case "mv":
		err = os.Rename(file(0), file(1))
	case "rm":
		err = os.RemoveAll(file(0))
	case "cp":
		var data []byte
		if data, err = os.ReadFile(file(0)); err == nil {
			err = os.WriteFile(file(1), data, 0o644)
		}
	case "truncate":
		err = os.Truncate(file(0), int64(s.number(args[1])))
	case "gzip": // FILE TO: compress and remove, as logrotate does
		err = s.gzip(file(0), file(1))
	case "member": // FILE TEXT: append a gzip member
		s.append(args[0], string(zip([]byte(strings.TrimPrefix(rest, args[0]+" ")+"\n"))))
	case "cut": // FILE N: remove the last N bytes
		var info os.FileInfo
		if info, err = os.Stat(file(0)); err == nil {
			err = os.Truncate(file(0), info.Size()-int64(s.number(args[1])))
		}
	case "spoil": // FILE: change the byte in the middle
		var data []byte
		if data, err = os.ReadFile(file(0)); err == nil {
			data[len(data)/2] ^= 0x55
			err = os.WriteFile(file(0), data, 0o644)
		}
	case "mkdir":
		err = os.MkdirAll(file(0), 0o755)
	case "ln": // TARGET NAME
		target := args[0]
		if target[0] == '=' { // absolute
			target = s.path(target[1:])
		}
		err = os.Symlink(target, file(1))
	case "hardlink":
		err = os.Link(file(0), file(1))
	case "lines": // wait for N lines
		s.sink.WaitLines(s.t, s.number(args[0]))
	case "positions": // wait until N positions are left
		n := s.number(args[0])
		s.sink.Wait(s.t, line, func() bool { return len(s.sink.Positions()) == n })
	case "generations":
		ids := map[uint64]bool{}
		for _, l := range s.sink.Lines() {
			ids[l.Source] = true
		}
		if len(ids) != s.number(args[0]) {
			s.t.Errorf("got %d generations", len(ids))
		}
	case "lost": // REASON N
		n := float64(s.number(args[1]))
		s.sink.Wait(s.t, line, func() bool { return valueOf(s.tailer.metrics.lost.WithLabelValues(args[0])) == n })
	case "note": // FILE NOTE
		s.sink.Wait(s.t, line, func() bool { return strings.Contains(s.note(file(0)), strings.Join(args[1:], " ")) })
	case "settle": // wait for two listings of all folders
		s.settle()
	case "flags": // TEXT FLAGS
		s.flags(args[0], args[1:])
	default:
		s.t.Fatalf("unknown command %s", name)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *scenario) number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

func (s *scenario) option(key string, args []string) {
	o := &s.opts
	var err error
	switch key {
	case "paths":
		o.Paths = nil
		for _, p := range args {
			o.Paths = append(o.Paths, s.path(p))
		}
	case "exclude":
		o.Exclude = args
	case "end":
		o.StartAtEnd = true
	case "last":
		o.StartAtEnd, o.Lines = true, s.number(args[0])
	case "max_line":
		o.Framing.MaxLine = s.number(args[0])
	case "truncate":
		o.Framing.Truncate = true
	case "encoding":
		o.Framing.Encoding = args[0]
	case "framing":
		o.Framing.Rule, err = framing.Named(args[0])
	case "max_open":
		o.MaxOpen, o.Workers = s.number(args[0]), 1
	case "max_held":
		o.MaxHeld = int64(s.number(args[0]))
	case "partial_timeout":
		o.PartialTimeout, err = time.ParseDuration(args[0])
	case "rotate_wait":
		o.RotateWait, err = time.ParseDuration(args[0])
	case "own":
		s.deps.OwnPaths = []string{s.path(args[0])}
	case "ignore_older":
		o.IgnoreOlder, err = time.ParseDuration(args[0])
	default:
		s.t.Fatalf("unknown option %s", key)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *scenario) check() {
	s.t.Helper()
	s.sink.WaitLines(s.t, len(s.want))
	s.settle()
	got := s.sink.Texts()
	slices.Sort(got)
	want := slices.Sorted(slices.Values(s.want))
	for i := range want {
		if text, err := strconv.Unquote(want[i]); err == nil {
			want[i] = text
		}
	}
	slices.Sort(want)
	if len(got) == 0 && len(want) == 0 {
		return
	}
	if diff := cmp.Diff(got, want); diff != "" {
		s.t.Errorf("lines (-got +want):\n%s", diff[:min(len(diff), 3000)])
	}
}

func (s *scenario) settle() {
	if s.running == nil {
		return
	}
	scans := func() float64 { return valueOf(s.tailer.metrics.scans) }
	until := scans() + 2
	s.sink.Wait(s.t, "two scans", func() bool { return scans() >= until })
}

func (s *scenario) note(path string) string {
	for _, st := range s.tailer.Report() {
		if st.Source == path && st.Note != "" {
			return st.Note
		}
	}
	return ""
}

func (s *scenario) flags(text string, want []string) {
	names := []struct {
		flag event.Flag
		name string
	}{{event.Truncated, "truncated"}, {event.Continued, "continued"}, {event.Partial, "partial"}}
	for _, l := range s.sink.Lines() {
		if l.Text != text {
			continue
		}
		var got []string
		for _, n := range names {
			if l.Flags&n.flag != 0 {
				got = append(got, n.name)
			}
		}
		if !slices.Equal(got, want) {
			s.t.Errorf("got flags %q, want %q", got, want)
		}
		return
	}
	s.t.Errorf("no line %q", text)
}

func (s *scenario) gzip(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.WriteFile(to, zip(data), 0o644); err != nil {
		return err
	}
	return os.Remove(from)
}

func zip(data []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(data)
	w.Close()
	return b.Bytes()
}

// valueOf reads a counter.
func valueOf(m prometheus.Metric) float64 {
	var d dto.Metric
	if err := m.Write(&d); err != nil {
		return -1
	}
	return d.GetCounter().GetValue()
}
