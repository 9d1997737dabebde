package endpoints

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/renthub/sluice/internal/config"
	"github.com/renthub/sluice/outputs"
)

// nameServer answers DNS questions over UDP.
type nameServer struct {
	conn net.PacketConn

	mu      sync.Mutex
	fails   bool                // guarded by mu; SERVFAIL
	hosts   map[string][]string // guarded by mu; IPv4 addresses
	records map[string][]dnsmessage.SRVResource
	asked   int
}

func newNameServer(t *testing.T) *nameServer {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &nameServer{conn: conn, hosts: map[string][]string{}, records: map[string][]dnsmessage.SRVResource{}}
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.run()
	}()
	t.Cleanup(func() {
		_ = conn.Close()
		<-done
	})
	return s
}

func (s *nameServer) run() {
	buf := make([]byte, 1500)
	for {
		n, from, err := s.conn.ReadFrom(buf)
		if err != nil {
			return
		}
		var m dnsmessage.Message
		if m.Unpack(buf[:n]) != nil || len(m.Questions) != 1 {
			continue
		}
		s.answer(&m)
		if out, err := m.Pack(); err == nil {
			_, _ = s.conn.WriteTo(out, from)
		}
	}
}

func (s *nameServer) answer(m *dnsmessage.Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	q := m.Questions[0]
	m.Response, m.Authoritative, m.Additionals = true, true, nil
	name := strings.TrimSuffix(q.Name.String(), ".")
	head := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 1}
	_, isHost := s.hosts[name]
	_, isService := s.records[name]
	switch {
	case s.fails:
		m.RCode = dnsmessage.RCodeServerFailure
	case !isHost && !isService:
		m.RCode = dnsmessage.RCodeNameError
	case q.Type == dnsmessage.TypeA:
		for _, a := range s.hosts[name] {
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: head, Body: &dnsmessage.AResource{A: [4]byte(net.ParseIP(a).To4())}})
		}
	case q.Type == dnsmessage.TypeSRV:
		for _, r := range s.records[name] {
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: head, Body: &r})
		}
	}
}

func (s *nameServer) set(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

func (s *nameServer) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", s.conn.LocalAddr().String())
	}}
}

func names(g *Group) []string {
	var list []string
	for _, s := range g.Status() {
		name := s.Name
		if s.Standby {
			name += " standby"
		}
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

func TestEachAddressOfANameIsAnEndpoint(t *testing.T) {
	server := serve(t, say("here"))
	_, port, err := net.SplitHostPort(strings.TrimPrefix(server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	dns := newNameServer(t)
	dns.set(func() { dns.hosts["es.test"] = []string{"127.0.0.1", "127.0.0.2"} })
	c := testConfig("dns+http://es.test:" + port)
	c.ResolveInterval = config.Duration(time.Second)
	d := testDeps()
	d.Resolver = dns.resolver()
	g := openGroup(t, c, d)
	eventually(t, "an answer by name", func() bool { got, _ := ask(t, g, ""); return got == "here" })
	want := []string{"es.test:" + port + "(127.0.0.1)", "es.test:" + port + "(127.0.0.2)"}
	if got := names(g); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	dns.set(func() { dns.hosts["es.test"] = []string{"127.0.0.1"} })
	eventually(t, "the address that is gone", func() bool { return len(g.Status()) == 1 })
	if got, err := ask(t, g, ""); got != "here" || err != nil {
		t.Errorf("got %q, %v, want here", got, err)
	}
}

func TestServiceRecordsHaveWeightsAndStandbys(t *testing.T) {
	dns := newNameServer(t)
	record := func(host string, port, priority, weight uint16) dnsmessage.SRVResource {
		return dnsmessage.SRVResource{Target: dnsmessage.MustNewName(host + "."), Port: port, Priority: priority, Weight: weight}
	}
	dns.set(func() {
		dns.records["_es._tcp.test"] = []dnsmessage.SRVResource{record("a.test", 9200, 10, 5), record("b.test", 9201, 10, 0), record("c.test", 9200, 20, 0)}
	})
	d := testDeps()
	d.Resolver = dns.resolver()
	g := openGroup(t, testConfig("srv+https://_es._tcp.test"), d)
	g.start()
	eventually(t, "the lookup", func() bool { return len(g.Status()) == 3 })
	want := []string{"a.test:9200", "b.test:9201", "c.test:9200 standby"}
	if got := names(g); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, e := range g.endpoints {
		if e.scheme != "https" || e.host == "a.test" && e.weight != 5 || e.host == "b.test" && e.weight != 1 {
			t.Errorf("got %s://%s of weight %d", e.scheme, e.host, e.weight)
		}
	}
}

func TestDNSThatFailsAndComesBack(t *testing.T) {
	server := serve(t, say("here"))
	_, port, err := net.SplitHostPort(strings.TrimPrefix(server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	dns := newNameServer(t)
	dns.set(func() { dns.fails = true })
	c := testConfig("dns+http://es.test:" + port)
	c.ResolveInterval = config.Duration(time.Second)
	d := testDeps()
	d.Resolver = dns.resolver()
	g := openGroup(t, c, d)
	_, err = ask(t, g, "")
	var unreachable *outputs.Unreachable
	if !errors.As(err, &unreachable) || !strings.Contains(err.Error(), "es.test") {
		t.Fatalf("got %v, want it to say that the name cannot be looked up, and for how long to wait", err)
	}
	dns.set(func() { dns.fails, dns.hosts["es.test"] = false, []string{"127.0.0.1"} })
	eventually(t, "an answer once DNS is back", func() bool { got, _ := ask(t, g, ""); return got == "here" })

	// Once known, an endpoint stays in use while DNS is away.
	dns.set(func() { dns.fails, dns.asked = true, 0 })
	eventually(t, "a lookup that fails", func() bool { dns.mu.Lock(); defer dns.mu.Unlock(); return dns.asked > 2 })
	if got, err := ask(t, g, ""); got != "here" || err != nil {
		t.Errorf("got %q, %v while DNS is away, want here", got, err)
	}
}

func TestANameThatIsResolvedForEachConnection(t *testing.T) {
	server := serve(t, say("here"))
	_, port, err := net.SplitHostPort(strings.TrimPrefix(server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	dns := newNameServer(t)
	d := testDeps()
	d.Resolver = dns.resolver()
	g := openGroup(t, testConfig("http://es.test:"+port), d)
	if _, err := ask(t, g, ""); err == nil || !strings.Contains(err.Error(), "the name is not known") {
		t.Errorf("got %v, want the advice about its spelling", err)
	}
	dns.set(func() { dns.hosts["es.test"] = []string{"127.0.0.1"} })
	if got, err := ask(t, g, ""); got != "here" || err != nil {
		t.Errorf("got %q, %v, want here", got, err)
	}
}

func TestAnEndpointKeepsItsStateOverLookups(t *testing.T) {
	g := openGroup(t, testConfig("dns+http://es.test:9200"), testDeps())
	find := func(addresses ...string) []*Endpoint {
		var list []*Endpoint
		for _, a := range addresses {
			list = append(list, &Endpoint{scheme: "http", address: "es.test:9200", dial: a + ":9200", weight: 1})
		}
		return list
	}
	g.found(0, find("10.0.0.1", "10.0.0.2"), nil, time.Minute)
	g.mu.Lock()
	first := g.endpoints[0]
	first.failures = 3
	g.mu.Unlock()
	g.found(0, find("10.0.0.3", "10.0.0.1"), nil, time.Minute)
	g.found(0, nil, errors.New("SERVFAIL"), time.Minute)
	if got := names(g); !slices.Equal(got, []string{"es.test:9200(10.0.0.1)", "es.test:9200(10.0.0.3)"}) {
		t.Errorf("got %v", got)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if !slices.Contains(g.endpoints, first) || first.failures != 3 {
		t.Error("the endpoint that stayed was made anew")
	}
}
