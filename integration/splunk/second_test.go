//go:build integration

package splunk

import (
	"fmt"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/renthub/sluice/integration/rig"
	"github.com/renthub/sluice/internal/essim"
	"github.com/renthub/sluice/internal/hecsim"
)

// Beside an output whose wrapping the blocks have, documents are wrapped again:
// they must be the same, under the same ids.
func TestBesideElasticsearchDocumentsAreTheSame(t *testing.T) {
	var mu sync.Mutex
	byID := map[string]string{}
	es := httptest.NewServer(essim.New(essim.Options{Templates: []string{"logs-*"}, OnDoc: func(_, id string, doc []byte) {
		mu.Lock()
		defer mu.Unlock()
		byID[id] = string(doc)
	}}))
	t.Cleanup(es.Close)
	sim := hecsim.New(hecsim.Options{Tokens: map[string]hecsim.Token{token: {}}})
	hec := httptest.NewServer(sim)
	t.Cleanup(hec.Close)
	c := pipeline(t, hec.URL)
	c.Outputs = append([]string{rig.Elasticsearch("first", es.URL)}, c.Outputs...)
	agent := rig.Start(t, c.Write(t))
	const n = 20_000
	rig.WriteFile(t, c.Logs()+"/app.log", n, func(dst []byte, i int) []byte { return rig.AppendLine(dst, 0, uint64(i), time.Now()) })
	rig.Eventually(t, time.Minute, func() string { return fmt.Sprintf("%d of %d are there\n%s", sim.Counts().Stored, n, agent.Log()) }, func() bool {
		mu.Lock()
		defer mu.Unlock()
		return sim.Counts().Stored >= n && len(byID) >= n
	})
	agent.Stop(t)
	mu.Lock()
	defer mu.Unlock()
	for _, o := range sim.Stored() {
		if id := o.Fields["sluice_id"]; byID[id] != o.Event {
			t.Fatalf("%s: got %s, Elasticsearch has %q", id, o.Event, byID[id])
		}
	}
}
