package endpoints

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/renthub/sluice/internal/httpsend"
)

// BenchmarkDo is what a group costs beside the transport under it.
func BenchmarkDo(b *testing.B) {
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer s.Close()
	send := func(b *testing.B, t http.RoundTripper) {
		b.ReportAllocs()
		for b.Loop() {
			req, err := http.NewRequest(http.MethodPost, s.URL+"/_bulk", strings.NewReader("x"))
			if err != nil {
				b.Fatal(err)
			}
			answer, err := t.RoundTrip(req)
			if err != nil {
				b.Fatal(err)
			}
			httpsend.Finish(answer.Body)
		}
	}
	b.Run("the transport alone", func(b *testing.B) {
		t := &http.Transport{DialContext: new(net.Dialer).DialContext}
		defer t.CloseIdleConnections()
		send(b, t)
	})
	b.Run("a group of one", func(b *testing.B) { send(b, openGroup(b, testConfig(s.URL), testDeps())) })
}
