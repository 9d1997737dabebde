package tail

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var (
	modelSeed  = flag.Uint64("model.seed", 0, "run only this seed of the model test")
	modelHurry = flag.Bool("model.hurry", false, "rotate faster than any tool does: many times between two looks of the tailer")
	modelSteps = flag.Int("model.steps", 40, "steps of each run of the model test")
)

// TestEveryLineComesOnce does what writers, logrotate and crashes do, in random order, and counts lines.
func TestEveryLineComesOnce(t *testing.T) {
	seeds := []uint64{1, 2, 3, 4, 5, 6, 7, 8}
	if *modelSeed != 0 {
		seeds = []uint64{*modelSeed}
	}
	for _, seed := range seeds {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			m := newModel(t, seed)
			for range *modelSteps {
				m.step()
			}
			m.finish()
		})
	}
}

// model is a set of files that are written and rotated, and what must come of them.
type model struct {
	*rig
	rand  *rand.Rand
	want  []string          // lines that are complete
	open  map[string]string // the line without an end of each file
	chain map[string][]string
	safe  int // cuts that a crash does not take back, since files were deleted after them
	n     int
	log   []string
	names bool // the patterns name rotated files, too
}

func newModel(t *testing.T, seed uint64) *model {
	m := &model{rig: newRig(t), rand: rand.New(rand.NewPCG(seed, 1)), open: map[string]string{}, chain: map[string][]string{}}
	m.opts.Poll, m.opts.Rescan, m.opts.RotateWait = 100*time.Millisecond, 150*time.Millisecond, 250*time.Millisecond
	m.opts.Workers = 1 + int(seed%2)
	if seed%3 == 0 {
		m.opts.MaxOpen = 1
	}
	m.names = seed%4 == 3
	if m.names {
		m.opts.Paths = []string{m.path("*.log"), m.path("*.log.*")}
	}
	m.start()
	for _, file := range modelFiles {
		m.append(file, "")
		m.known(file)
	}
	return m
}

// clockTick is longer than the step of the file system's clock.
const clockTick = 12 * time.Millisecond

var modelFiles = []string{"a.log", "b.log", "c.log"}

// known waits until the position of a file is saved. One that was rotated before that could be any old file, after a crash.
func (m *model) known(file string) {
	_, id, err := look(m.path(file))
	m.must(err)
	m.sink.Wait(m.t, "the position of "+file, func() bool {
		for _, p := range m.sink.Positions() {
			if st, err := decodeState(p.State, p.End); err == nil && st.id == id {
				return true
			}
		}
		return false
	})
	m.safe = m.sink.Cuts()
}

func (m *model) step() {
	file := modelFiles[m.rand.IntN(len(modelFiles))]
	switch k := m.rand.IntN(100); {
	case k < 45:
		m.write(file)
	case k < 60:
		m.rotate(file)
		m.pace()
	case k < 70:
		m.copyTruncate(file)
		m.pace()
	case k < 75:
		m.compress(file)
		m.pace()
	case k < 80:
		m.truncate(file)
	case k < 85:
		m.remove(file)
	case k < 90:
		m.note("stop")
		m.stop()
	case k < 95:
		m.crash()
	default:
		m.wait()
	}
	if m.running == nil && m.rand.IntN(3) == 0 {
		m.note("start")
		m.start()
	}
}

// pace lets a running tailer see what a rotation did before the next. Without
// it about one run in some hundreds still ends with a line lost or repeated:
// the position of a file says when it was read, not when it was written last,
// so that a crash makes a successor look old that was made, filled, rotated and
// compressed before that moment, and an empty file is known by its inode alone.
func (m *model) pace() {
	if m.running != nil && !*modelHurry {
		m.settle()
	}
}

func (m *model) note(format string, args ...any) {
	m.deps.Logger.Debug("MODEL " + fmt.Sprintf(format, args...))
	m.log = append(m.log, fmt.Sprintf("%s (%d cuts)", fmt.Sprintf(format, args...), m.sink.Cuts()))
}

// write appends some lines, the last perhaps without its end.
func (m *model) write(file string) {
	m.note("write %s", file)
	var b strings.Builder
	for range 1 + m.rand.IntN(5) {
		m.n++
		line := fmt.Sprintf("%d %s %s", m.n, file, strings.Repeat("x", m.rand.IntN(200)))
		if m.open[file] == "" {
			m.want = append(m.want, line)
		} else {
			m.want = append(m.want, m.open[file]+line)
			m.open[file] = ""
		}
		b.WriteString(line + "\n")
	}
	if m.rand.IntN(4) == 0 {
		m.n++
		m.open[file] = fmt.Sprintf("%d open ", m.n)
		b.WriteString(m.open[file])
	}
	m.append(file, b.String())
}

// close completes what is open in a file that gets no more: it comes as a partial line.
func (m *model) close(file string) {
	if m.open[file] != "" {
		m.append(file, "end\n")
		m.want = append(m.want, m.open[file]+"end")
		m.open[file] = ""
	}
}

func (m *model) exists(file string) bool {
	_, err := os.Stat(m.path(file))
	return err == nil
}

// shift renames the rotations of a file, so that .1 is free. The oldest go when all was read.
func (m *model) shift(file string) {
	chain := m.chain[file]
	for i := len(chain); i > 0; i-- {
		zip := ""
		if strings.HasSuffix(chain[i-1], ".gz") {
			zip = ".gz"
		}
		to := fmt.Sprintf("%s.%d%s", file, i+1, zip)
		m.must(os.Rename(m.path(chain[i-1]), m.path(to)))
		chain[i-1] = to
	}
	m.chain[file] = slices.Insert(chain, 0, file+".1")
}

func (m *model) rotate(file string) {
	if !m.exists(file) {
		return
	}
	m.note("rotate %s", file)
	m.close(file)
	m.shift(file)
	<-time.After(clockTick) // files written to in one tick of the clock cannot be told apart by their times
	m.must(os.Rename(m.path(file), m.path(file+".1")))
	m.append(file, "")
}

func (m *model) copyTruncate(file string) {
	if !m.exists(file) {
		return
	}
	if m.position(file) == 0 { // nothing tells its copy from an old one
		return
	}
	m.safe = m.sink.Cuts() // and so after a crash
	m.note("copytruncate %s", file)
	m.close(file)
	m.shift(file)
	data, err := os.ReadFile(m.path(file))
	m.must(err)
	m.must(os.WriteFile(m.path(file+".1"), data, 0o644))
	m.must(os.Truncate(m.path(file), 0))
}

// position is how far the file of that name was read, as saved.
func (m *model) position(file string) int64 {
	_, id, err := look(m.path(file))
	m.must(err)
	f, err := os.Open(m.path(file))
	m.must(err)
	defer f.Close()
	for _, p := range m.sink.Positions() {
		st, err := decodeState(p.State, p.End)
		if err != nil || st.id != id || p.End == 0 {
			continue
		}
		if same, err := st.marks.match(f, p.End); same && err == nil {
			return p.End
		}
	}
	return 0
}

func (m *model) compress(file string) {
	for i, name := range m.chain[file] {
		if i > 0 && !strings.HasSuffix(name, ".gz") {
			m.note("compress %s", name)
			data, err := os.ReadFile(m.path(name))
			m.must(err)
			info, err := os.Stat(m.path(name))
			m.must(err)
			m.must(os.WriteFile(m.path(name+".gz"), zip(data), 0o644))
			m.must(os.Chtimes(m.path(name+".gz"), info.ModTime(), info.ModTime())) // as gzip and logrotate do
			m.must(os.Remove(m.path(name)))
			m.chain[file][i] = name + ".gz"
			return
		}
	}
}

// truncate and remove lose what was not read: so they wait.
func (m *model) truncate(file string) {
	if !m.exists(file) {
		return
	}
	m.close(file)
	m.wait()
	m.note("truncate %s", file)
	m.must(os.Truncate(m.path(file), 0))
	m.safe = m.sink.Cuts()
	m.settle()
	m.safe = m.sink.Cuts()
}

func (m *model) remove(file string) {
	if !m.exists(file) {
		return
	}
	m.close(file)
	m.wait()
	m.note("remove %s", file)
	m.must(os.Remove(m.path(file)))
	m.append(file, "")
	m.known(file)
}

func (m *model) crash() {
	if m.running == nil {
		return
	}
	m.stop()
	n := max(m.safe, m.sink.Cuts()-m.rand.IntN(4))
	m.note("crash to %d", n)
	m.sink.Crash(n)
}

// wait waits until all complete lines have come.
func (m *model) wait() {
	m.note("wait")
	if m.running == nil {
		m.start()
	}
	if deadline := time.Now().Add(10 * time.Second); true {
		for len(m.sink.Lines()) < len(m.want) && time.Now().Before(deadline) {
			m.sink.WaitFor(50 * time.Millisecond)
		}
	}
	m.check()
}

func (m *model) check() {
	m.t.Helper()
	got := map[string]int{}
	for _, text := range m.sink.Texts() {
		got[text]++
	}
	for _, text := range m.want {
		if got[text] != 1 {
			m.t.Errorf("%.60q came %d times", text, got[text])
		}
		delete(got, text)
	}
	for text := range got {
		m.t.Errorf("%.60q was never written", text)
	}
	if m.t.Failed() {
		for _, l := range m.sink.Lines() {
			m.t.Logf("%x %s %d+%d %.20q", l.Source, filepath.Base(l.Name), l.Pos, l.Size, l.Text)
		}
		for _, p := range m.sink.Positions() {
			st, _ := decodeState(p.State, p.End)
			m.t.Logf("position %s %d %+v", filepath.Base(p.Name), p.End, st.id)
		}
		entries, _ := os.ReadDir(m.dir)
		for _, e := range entries {
			info, id, err := look(m.path(e.Name()))
			if err == nil {
				m.t.Logf("file %s %d bytes, inode %d, %v", e.Name(), info.Size(), id.ino, info.ModTime().Format("05.000000"))
			}
		}
		m.t.Fatalf("after:\n%s", strings.Join(m.log[max(0, len(m.log)-40):], "\n"))
	}
}

func (m *model) finish() {
	for _, file := range modelFiles {
		m.close(file)
	}
	m.wait()
	m.settle()
	m.check()
}

func (m *model) settle() { (&scenario{rig: m.rig}).settle() }

func (m *model) must(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}
