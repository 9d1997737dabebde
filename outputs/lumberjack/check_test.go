package lumberjack

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/renthub/sluice/internal/endpoints"
	"github.com/renthub/sluice/outputs"
	"github.com/renthub/sluice/outputs/outputtest"
)

func TestCheck(t *testing.T) {
	up, down, other := newSim(t), newSim(t), newSim(t)
	down.close()
	other.close()
	secure, ca := certified(t, nil)
	goLumber(t, secure)
	for _, tt := range []struct {
		name      string
		endpoints []string
		ca        string
		want      string
	}{
		{"one", []string{up.address()}, "", "connect ok"},
		{"one that is down", []string{down.address()}, "", "connect fail"},
		{"one of two is down", []string{down.address(), up.address()}, "", "connect warn, connect ok"},
		{"both are down", []string{down.address(), other.address()}, "", "connect warn, connect warn, connect fail"},
		{"TLS", []string{secure.Addr().String()}, ca, "connect ok, tls ok"},
		{"TLS of an unknown authority", []string{"tls://" + secure.Addr().String()}, "", "tls fail"},
	} {
		o := openTo(t, outputtest.Deps(t), up.address(), func(c *Config) { c.Endpoints, c.CAFile = endpoints.At(tt.endpoints...), tt.ca })
		if diff := cmp.Diff(steps(o.Check(t.Context())), tt.want); diff != "" {
			t.Errorf("%s (-got +want):\n%s", tt.name, diff)
		}
		o.Close()
	}
	if got := len(up.sizes()); got > 0 {
		t.Errorf("%d windows were sent, want none", got)
	}
}

func steps(found []outputs.Finding) string {
	var list []string
	for _, f := range found {
		list = append(list, fmt.Sprintf("%s %v", f.Step, f.Status))
	}
	return strings.Join(list, ", ")
}
