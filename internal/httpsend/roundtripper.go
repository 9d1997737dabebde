package httpsend

import "net/http"

// RoundTripper sends requests whose body is a *Body with a Content-Length, and
// all others as they are.
type RoundTripper struct{ Transport *http.Transport }

// RoundTrip implements http.RoundTripper.
func (t RoundTripper) RoundTrip(req *http.Request) (*http.Response, error) {
	if b, ok := req.Body.(*Body); ok {
		req.ContentLength = b.Size()
		// Only for a kept connection that turned out to be closed before
		// anything was written: net/http repeats a POST in no other case.
		req.GetBody = b.Rewind
	}
	return t.Transport.RoundTrip(req)
}
