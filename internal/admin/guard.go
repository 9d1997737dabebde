package admin

import (
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// ControlHeader must stand on requests that change something: a web page
// cannot set it without asking first.
const ControlHeader = "X-Sluice-Control"

// guard refuses requests that did not come from somebody who may ask.
type guard struct {
	token    string
	loopback bool // the address is loopback
}

func (g guard) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if reason := g.refuse(r); reason != "" {
			answer(w, http.StatusForbidden, map[string]string{"error": reason})
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
		next.ServeHTTP(w, r)
	})
}

// refuse returns why a request is refused, or "".
func (g guard) refuse(r *http.Request) string {
	if g.loopback && !isLoopback(hostOf(r.Host)) {
		return "the Host header is not a loopback name"
	}
	if o := r.Header.Get("Origin"); o != "" && !sameOrigin(o, r.Host) {
		return "requests from other origins are refused"
	}
	if r.Method == http.MethodPost && r.Header.Get(ControlHeader) == "" {
		return "requests that change something need the header " + ControlHeader
	}
	health := r.URL.Path == "/livez" || r.URL.Path == "/readyz"
	if g.token == "" || health {
		return ""
	}
	got := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	if subtle.ConstantTimeCompare([]byte(got), []byte(g.token)) != 1 {
		return "the token is missing or wrong"
	}
	return ""
}

func sameOrigin(origin, host string) bool {
	u, err := url.Parse(origin)
	return err == nil && u.Host == host
}

func hostOf(hostport string) string {
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		return h
	}
	return strings.Trim(hostport, "[]")
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}
