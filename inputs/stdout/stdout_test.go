//go:build unix

package stdout

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/inputs"
	"github.com/renthub/sluice/inputs/framing"
	"github.com/renthub/sluice/internal/config"
)

// deadline is how long a test waits for what must come.
const deadline = 20 * time.Second

// row is what a test looks at.
type row struct {
	Stream string
	Line   string
	Flags  event.Flag
}

// pipe is a pipeline that remembers.
type pipe struct {
	t    *testing.T
	pool *event.Pool
	rule *framing.Rule
	news chan struct{} // has an element after each cut
	gate chan struct{} // if set, each cut waits for an element
	held chan struct{} // has an element while a cut waits

	mu      sync.Mutex
	rows    []row
	fields  []map[string]string
	sources map[uint64]*event.Source
	ends    map[uint64]int64
	done    map[uint64]bool
	bytes   int64
	largest int
	refuse  error
}

func newPipe(t *testing.T) *pipe {
	return &pipe{
		t: t, pool: &event.Pool{}, news: make(chan struct{}, 1), held: make(chan struct{}, 1),
		sources: map[uint64]*event.Source{}, ends: map[uint64]int64{}, done: map[uint64]bool{},
	}
}

func (p *pipe) emit(ctx context.Context, cut []*event.Batch) (inputs.Ticket, error) {
	if p.gate != nil {
		select {
		case p.held <- struct{}{}:
		default:
		}
		select {
		case <-p.gate:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refuse != nil {
		return nil, p.refuse
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	for _, b := range cut {
		p.take(b)
	}
	select {
	case p.news <- struct{}{}:
	default:
	}
	return nil, nil
}

func (p *pipe) take(b *event.Batch) {
	id := b.Source.ID
	if p.done[id] {
		p.t.Errorf("a batch of %s after it was done", b.Source.Name)
	}
	if b.Start != p.ends[id] {
		p.t.Errorf("%s: batch starts at %d, the one before ended at %d", b.Source.Name, b.Start, p.ends[id])
	}
	p.sources[id], p.ends[id], p.done[id] = b.Source, b.End, b.Done
	p.bytes += b.End - b.Start
	p.largest = max(p.largest, b.Size())
	for i := range b.Len() {
		r := b.Row(i)
		if r.Size == 0 || r.Pos < b.Start || r.Pos+int64(r.Size) > b.End {
			p.t.Errorf("row [%d,+%d) outside of its batch [%d,%d)", r.Pos, r.Size, b.Start, b.End)
		}
		p.rows = append(p.rows, row{b.Source.Stream, string(b.Line(i)), r.Flags})
		fields := map[string]string{}
		for _, f := range b.Fields(i) {
			fields[string(b.Bytes(f.Key))] = string(b.Bytes(f.Val))
		}
		p.fields = append(p.fields, fields)
	}
	b.Poison()
	p.pool.Put(b)
}

// await waits until what is taken satisfies a condition.
func (p *pipe) await(what string, ok func(rows []row) bool) {
	p.t.Helper()
	timeout := time.After(deadline)
	for {
		p.mu.Lock()
		met := ok(p.rows)
		p.mu.Unlock()
		if met {
			return
		}
		select {
		case <-p.news:
		case <-timeout:
			p.t.Fatalf("%s: did not come; %d rows, the first: %v", what, len(p.rows), p.rows[:min(len(p.rows), 10)])
		}
	}
}

func hasLine(line string) func([]row) bool {
	return func(rows []row) bool {
		for _, r := range rows {
			if r.Line == line {
				return true
			}
		}
		return false
	}
}

// of returns the lines of one stream but for the exit event.
func (p *pipe) of(stream string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var lines []string
	for _, r := range p.rows {
		if r.Stream == stream && r.Line != exitLine {
			lines = append(lines, r.Line)
		}
	}
	return lines
}

// exits returns the fields of the exit events.
func (p *pipe) exits() []map[string]string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []map[string]string
	for i, r := range p.rows {
		if r.Line == exitLine {
			list = append(list, p.fields[i])
		}
	}
	return list
}

func shell(script string) Config {
	c := *Type.Config().(*Config)
	c.Command = []string{"sh", "-c", script}
	return c
}

func (p *pipe) open(c Config) *Input {
	p.t.Helper()
	in, err := Type.Open(&c, inputs.Deps{
		Name: "stdout.test", Logger: slog.New(slog.DiscardHandler), Pool: p.pool, Now: time.Now, Join: p.rule,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return in.(*Input)
}

// run runs the input until it returns by itself.
func (p *pipe) run(in *Input) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), deadline)
	defer cancel()
	if err := in.Run(ctx, nil, p.emit); err != nil {
		p.t.Fatal(err)
	}
	if ctx.Err() != nil {
		p.t.Fatal("the input did not return by itself")
	}
}

// start runs the input in the background. The returned function ends it and
// says how long that took.
func (p *pipe) start(in *Input) (stop func() time.Duration) {
	ctx, cancel := context.WithCancel(p.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- in.Run(ctx, nil, p.emit) }()
	return func() time.Duration {
		p.t.Helper()
		began := time.Now()
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				p.t.Errorf("run: %v", err)
			}
		case <-time.After(deadline):
			p.t.Fatal("the input did not return")
		}
		return time.Since(began)
	}
}

func TestBothStreamsAreShipped(t *testing.T) {
	p := newPipe(t)
	in := p.open(shell(`echo a; echo b >&2; echo c`))
	p.run(in)
	if diff := cmp.Diff(p.of("stdout"), []string{"a", "c"}); diff != "" {
		t.Errorf("stdout (-got +want):\n%s", diff)
	}
	if diff := cmp.Diff(p.of("stderr"), []string{"b"}); diff != "" {
		t.Errorf("stderr (-got +want):\n%s", diff)
	}
	for id, s := range p.sources {
		if s.ID == 0 || s.Reread || !p.done[id] {
			t.Errorf("%s: id %x, reread %t, done %t", s.Name, s.ID, s.Reread, p.done[id])
		}
	}
}

func TestTheExitIsAnEvent(t *testing.T) {
	for _, c := range []struct {
		name, script string
		code         int
		signal       string
	}{
		{"of a program that ends well", "exit 0", 0, ""},
		{"of one that fails", "exit 3", 3, ""},
		{"of one that is killed", "kill -9 $$", 137, "killed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPipe(t)
			in := p.open(shell(c.script))
			if got := in.ExitCode(); got != -1 {
				t.Errorf("exit code %d before the start, want -1", got)
			}
			p.run(in)
			if got := in.ExitCode(); got != c.code {
				t.Errorf("exit code %d, want %d", got, c.code)
			}
			got := p.exits()
			if len(got) != 1 {
				t.Fatalf("%d exit events, want 1", len(got))
			}
			if got[0]["process.exit_code"] != fmt.Sprint(c.code) || got[0]["process.exit_signal"] != c.signal || got[0]["process.name"] != "sh" {
				t.Errorf("exit event %v", got[0])
			}
		})
	}
}

func TestAProgramThatExitsAtOnceLosesNoLine(t *testing.T) {
	const lines = 20_000
	for _, pty := range []bool{false, true} {
		t.Run(fmt.Sprintf("pty %t", pty), func(t *testing.T) {
			p := newPipe(t)
			c := shell(fmt.Sprintf("seq 1 %d; seq 1 %d >&2", lines, lines))
			c.PTY = pty
			p.run(p.open(c))
			for _, stream := range []string{"stdout", "stderr"} {
				got := p.of(stream)
				if len(got) != lines || got[0] != "1" || got[lines-1] != fmt.Sprint(lines) {
					t.Errorf("%s: %d lines, want %d in order", stream, len(got), lines)
				}
			}
		})
	}
}

func TestACommandThatIsNotThereIsAnError(t *testing.T) {
	p := newPipe(t)
	c := shell("")
	c.Command = []string{"/nonexistent/program"}
	in := p.open(c)
	if err := in.Run(t.Context(), nil, p.emit); err == nil || in.ExitCode() != startFailed {
		t.Errorf("got %v and exit code %d, want an error and %d", err, in.ExitCode(), startFailed)
	}
}

func TestALastLineWithoutEndIsShipped(t *testing.T) {
	p := newPipe(t)
	p.run(p.open(shell(`printf 'a\nlast'`)))
	if diff := cmp.Diff(p.of("stdout"), []string{"a", "last"}); diff != "" {
		t.Errorf("stdout (-got +want):\n%s", diff)
	}
}

func TestAProgramIsEndedWithTheInput(t *testing.T) {
	p := newPipe(t)
	stop := p.start(p.open(shell(`trap 'echo bye; exit 5' TERM; echo ready; while :; do sleep 0.01; done`)))
	p.await("the start", hasLine("ready"))
	if took := stop(); took > time.Second {
		t.Errorf("took %v, want less than a second", took)
	}
	if diff := cmp.Diff(p.of("stdout"), []string{"ready", "bye"}); diff != "" {
		t.Errorf("stdout (-got +want):\n%s", diff)
	}
}

func TestAProgramThatIgnoresSIGTERMIsKilled(t *testing.T) {
	p := newPipe(t)
	c := shell(`trap '' TERM; echo ready; while :; do sleep 0.01; done`)
	c.Grace = config.Duration(50 * time.Millisecond)
	in := p.open(c)
	stop := p.start(in)
	p.await("the start", hasLine("ready"))
	stop()
	if got := in.ExitCode(); got != 137 {
		t.Errorf("exit code %d, want 137", got)
	}
}

func TestAPipelineThatStopsEndsTheInput(t *testing.T) {
	p := newPipe(t)
	p.refuse = errors.New("stopping")
	in := p.open(shell(`while :; do echo x; done`))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- in.Run(ctx, nil, p.emit) }()
	select {
	case err := <-ended:
		if !errors.Is(err, errStopped) {
			t.Errorf("got %v, want errStopped", err)
		}
	case <-time.After(deadline):
		t.Fatal("the input did not return")
	}
}

func TestLongLinesAreSplit(t *testing.T) {
	p := newPipe(t)
	c := shell(`head -c 100000 /dev/zero | tr '\0' x; echo; echo next`)
	c.MaxLineSize = 64 << 10
	p.run(p.open(c))
	got := p.of("stdout")
	if len(got) != 3 || strings.Join(got[:2], "") != strings.Repeat("x", 100000) || got[2] != "next" {
		t.Errorf("got %d lines", len(got))
	}
}
