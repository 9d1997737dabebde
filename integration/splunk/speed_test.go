//go:build integration && linux

package splunk

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"golang.org/x/sys/unix"

	"github.com/renthub/sluice/integration/bench"
	"github.com/renthub/sluice/integration/rig"
	"github.com/renthub/sluice/internal/essim"
)

// taker keeps the bodies of requests and lets next answer.
type taker struct {
	next http.Handler

	mu     sync.Mutex
	bodies [][]byte // guarded by mu; in gzip
}

func (k *taker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if len(body) > 0 && r.Header.Get("Content-Encoding") == "gzip" { // not what checks ask at the start
		k.mu.Lock()
		k.bodies = append(k.bodies, body)
		k.mu.Unlock()
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	k.next.ServeHTTP(w, r)
}

// unit is the CPU time that gzip level 1 alone needs for the bodies, and how
// many bytes and lines they are.
func (k *taker) unit(b *testing.B) (cpu time.Duration, size int64, lines int) {
	b.Helper()
	k.mu.Lock()
	defer k.mu.Unlock()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	w, err := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed)
	if err != nil {
		b.Fatal(err)
	}
	for _, body := range k.bodies {
		z, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			b.Fatal(err)
		}
		raw, err := io.ReadAll(z)
		if err != nil {
			b.Fatal(err)
		}
		lines += bytes.Count(raw, []byte(`"@timestamp"`))
		size += int64(len(raw))
		before := clock(b, unix.CLOCK_THREAD_CPUTIME_ID)
		for part := range slices.Chunk(raw, 1<<20) {
			w.Reset(io.Discard)
			if _, err := w.Write(part); err != nil {
				b.Fatal(err)
			}
			if err := w.Close(); err != nil {
				b.Fatal(err)
			}
		}
		cpu += clock(b, unix.CLOCK_THREAD_CPUTIME_ID) - before
	}
	return cpu, size, lines
}

func clock(b *testing.B, id int32) time.Duration {
	b.Helper()
	var ts unix.Timespec
	if err := unix.ClockGettime(id, &ts); err != nil {
		b.Fatal(err)
	}
	return time.Duration(ts.Nano())
}

// BenchmarkAgent shows what the whole agent costs in gzips: the CPU time that
// gzip level 1 alone needs for the same request bytes. The lines and the
// settings are those of `sluice bench`.
func BenchmarkAgent(b *testing.B) {
	hec := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"text":"Success","code":0}`)
	})
	for name, tt := range map[string]struct {
		answers http.Handler
		output  string
	}{
		"splunk":        {hec, "output \"splunk\" \"main\" {\n  endpoints = [\"%s\"]\n  token = \"any\"\n  index = \"rh_${retention.class}\"\n}\n"},
		"elasticsearch": {essim.New(essim.Options{Templates: []string{"logs-*"}}), "output \"elasticsearch\" \"main\" {\n  endpoints = [\"%s\"]\n  bootstrap = \"never\"\n}\n"},
	} {
		b.Run(name, func(b *testing.B) {
			const n = 200_000
			for b.Loop() {
				k := &taker{next: tt.answers}
				server := httptest.NewServer(k)
				admin := rig.FreeAddress(b)
				c := rig.Config{Dir: b.TempDir(), Admin: admin, Outputs: []string{strings.Replace(tt.output, "%s", server.URL, 1)},
					More: []string{"enrich \"constants\" {\n  set = {\n    \"deployment.environment\" = \"prod\"\n    \"labels.cluster\" = \"eu-rh-rh-rh-rh\"\n  }\n}\n"}}
				config := c.Write(b)
				rig.WriteFile(b, c.Logs()+"/app.log", n, func(dst []byte, i int) []byte {
					return append(bench.JSONLines{}.Append(dst, uint64(i), time.Now()), '\n')
				})
				agent := rig.Start(b, config)
				rig.Eventually(b, time.Minute, agent.Log, func() bool {
					resp, err := http.Get("http://" + admin + "/livez")
					return err == nil && resp.Body.Close() == nil
				})
				rig.Eventually(b, time.Minute, agent.Log, func() bool {
					rig.Pause(500 * time.Millisecond) // asking costs the agent CPU too
					return taken(b, admin) >= n
				})
				cpu := clock(b, int32(^agent.Pid()<<3|2)) // its POSIX clock
				memory := rig.Memory(b, agent.Pid())
				agent.Stop(b)
				server.Close()
				unit, size, lines := k.unit(b)
				if lines != n {
					b.Errorf("%d documents came, want %d", lines, n)
				}
				b.ReportMetric(cpu.Seconds()/unit.Seconds(), "gzips")
				b.ReportMetric(float64(cpu.Nanoseconds())/n, "ns/line")
				b.ReportMetric(float64(size)/n, "B/line")
				b.ReportMetric(float64(memory)/(1<<20), "MiB")
			}
		})
	}
}

// taken is how many documents an output's destination has taken.
func taken(b *testing.B, admin string) int {
	for name, v := range rig.Metrics(b, admin) {
		if strings.HasPrefix(name, "sluice_output_documents_total") {
			return int(v)
		}
	}
	return 0
}
