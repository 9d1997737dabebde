//go:build integration

package destinations

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/renthub/sluice/integration/realserver"
	"github.com/renthub/sluice/integration/rig"
)

// classes are those of the config. A writer's number is that of the class that
// all its lines have.
var classes = []string{"standard", "audit", "debug"}

// store is a destination of the config, with a way to read it that has nothing
// to do with the agent.
type store struct {
	output string                                                  // address in the config
	read   func(t testing.TB, class string, line func(doc []byte)) // all there is of a class
	kill   func(t testing.TB)                                      // SIGKILL; nil if it is no server
	start  func(t testing.TB)                                      // on its data
}

// ledgers count what the store has of each class.
func (s *store) ledgers(t testing.TB) []*rig.Ledger {
	t.Helper()
	all := make([]*rig.Ledger, len(classes))
	for i, class := range classes {
		all[i] = &rig.Ledger{}
		s.read(t, class, all[i].Add)
	}
	return all
}

// balances compares what the store has of each class with what was written.
func (s *store) balances(t testing.TB, written map[int]uint64) (sum rig.Balance) {
	t.Helper()
	for i, l := range s.ledgers(t) {
		b := l.Balance(map[int]uint64{i: written[i]})
		sum.Written += b.Written
		sum.Distinct += b.Distinct
		sum.Lost += b.Lost
		sum.Repeated += b.Repeated
		sum.Examples = append(sum.Examples, b.Examples...)
		sum.Strangers = append(sum.Strangers, b.Strangers...)
	}
	return sum
}

// startStores starts all servers, and tells the config by the environment where
// they are.
func startStores(t *testing.T, archive string) []*store {
	t.Helper()
	stores := []*store{kafkaStore(t), splunkStore(t), cloudWatchStore(t), elasticsearchStore(t)}
	t.Setenv("DEMO_ARCHIVE", archive)
	return append(stores, &store{output: "file.archive", read: func(t testing.TB, class string, line func([]byte)) {
		rig.ReadLogs(t, filepath.Join(archive, class), line)
	}})
}

func kafkaStore(t *testing.T) *store {
	// Its old registration must end before it can come back.
	b := realserver.StartKafka(t, "broker.session.timeout.ms=2000\nbroker.heartbeat.interval.ms=300")
	t.Setenv("DEMO_KAFKA", b.Address(t, 0))
	return &store{output: "kafka.stream", kill: b.Kill, start: b.Start, read: func(t testing.TB, class string, line func([]byte)) {
		for _, r := range b.Read(t, "logs-"+class) {
			line([]byte(r.Payload))
		}
	}}
}

// splunkStore acknowledges what is on VictoriaLogs' disk, so that a kill in
// between shows whether the agent waits for that.
func splunkStore(t *testing.T) *store {
	v := realserver.StartVictoriaLogs(t)
	intake := realserver.NewAckIntake(v)
	front := httptest.NewServer(intake)
	t.Cleanup(front.Close)
	t.Setenv("DEMO_SPLUNK", front.URL)
	t.Setenv("DEMO_SPLUNK_ACK_TIMEOUT", "10s") // five minutes would be the longest part of the test
	indexes := map[string]string{"audit": "rh_audit", "debug": "rh_debug", "standard": "rh_main"}
	return &store{
		output: "splunk.siem",
		kill: func(testing.TB) {
			v.Kill()
			intake.Forget()
		},
		start: v.Start,
		read: func(t testing.TB, class string, line func([]byte)) {
			v.Query(t, "index:="+indexes[class]+" | fields event.writer, event.seq", func(f map[string]string) {
				line(fmt.Appendf(nil, `{"writer":%s,"seq":%s}`, f["event.writer"], f["event.seq"]))
			})
		},
	}
}

// cloudWatchStore counts a mock that keeps nothing when it is killed. What it
// answered for is read back right before, while no call is under way; the kill
// then meets calls that wait.
func cloudWatchStore(t *testing.T) *store {
	n := realserver.StartMoto(t)
	proxy := realserver.NewCloudWatchProxy(t, n.URL)
	t.Setenv("DEMO_CLOUDWATCH", proxy.URL)
	before := map[string][]string{} // messages of the life that was ended, by class
	messages := func(t testing.TB, class string) []string {
		return realserver.CloudWatchMessages(t, n, "/sluice/bookings/"+class)
	}
	return &store{
		output: "cloudwatch.aws",
		kill: func(t testing.TB) {
			proxy.Between(func() {
				for _, class := range classes {
					before[class] = append(before[class], messages(t, class)...)
				}
				n.Kill(t)
			})
		},
		start: n.Start,
		read: func(t testing.TB, class string, line func([]byte)) {
			for _, m := range append(messages(t, class), before[class]...) {
				line([]byte(m))
			}
		},
	}
}

func elasticsearchStore(t *testing.T) *store {
	n := realserver.Start(t, realserver.Elasticsearch)
	t.Setenv("DEMO_ELASTICSEARCH", n.URL)
	return &store{output: "elasticsearch.search", kill: n.Kill, start: n.Start, read: func(t testing.TB, class string, line func([]byte)) {
		type page struct {
			Scroll string `json:"_scroll_id"`
			Hits   struct {
				Hits []struct {
					Source json.RawMessage `json:"_source"`
				}
			}
		}
		n.Ask(t, "POST", "/logs-bookings-"+class+"/_refresh", "", nil)
		var p page
		n.Ask(t, "POST", "/logs-bookings-"+class+"/_search?scroll=1m&ignore_unavailable=true", `{"size":5000,"sort":["_doc"],"_source":["writer","seq"]}`, &p)
		for len(p.Hits.Hits) > 0 {
			for _, h := range p.Hits.Hits {
				line(h.Source)
			}
			scroll := p.Scroll
			p = page{}
			n.Ask(t, "POST", "/_search/scroll", fmt.Sprintf(`{"scroll":"1m","scroll_id":%q}`, scroll), &p)
		}
	}}
}
