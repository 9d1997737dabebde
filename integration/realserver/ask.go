//go:build integration

package realserver

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Ask sends a request to the server, decodes the answer and returns its status.
func (n *Node) Ask(t testing.TB, method, path, body string, into any) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, n.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if n.User != "" {
		req.SetBasicAuth(n.User, n.Pass)
	}
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	defer client.CloseIdleConnections()
	res, err := client.Do(req)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if into != nil {
		if err := json.Unmarshal(text, into); err != nil {
			t.Fatalf("%s %s: %v in %s", method, path, err, text)
		}
	}
	return res.StatusCode
}

// Count returns how many documents match an index pattern.
func (n *Node) Count(t testing.TB, pattern string) int {
	t.Helper()
	n.Ask(t, "POST", "/"+pattern+"/_refresh", "", nil)
	var answer struct {
		Count int `json:"count"`
	}
	if status := n.Ask(t, "GET", "/"+pattern+"/_count?ignore_unavailable=true", "", &answer); status != 200 {
		t.Fatalf("count %s: status %d", pattern, status)
	}
	return answer.Count
}
