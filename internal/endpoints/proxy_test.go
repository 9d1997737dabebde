package endpoints

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/renthub/sluice/internal/config"
	"github.com/renthub/sluice/outputs"
)

// listen accepts connections until the test ends.
func listen(t testing.TB, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				serve(c)
			}()
		}
	}()
	return l.Addr().String()
}

// join copies between a client and an address.
func join(client net.Conn, from io.Reader, address string) {
	server, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	defer server.Close()
	go func() {
		_, _ = io.Copy(server, from)
		_ = server.(*net.TCPConn).CloseWrite()
	}()
	_, _ = io.Copy(client, server)
}

// httpProxy is a proxy that makes tunnels for one user, and forwards requests.
func httpProxy(t testing.TB, used *atomic.Int64) string {
	return listen(t, func(c net.Conn) {
		in := bufio.NewReader(c)
		req, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		if req.Header.Get("Proxy-Authorization") != "Basic dXNlcjpwYXNz" { // user:pass
			_, _ = io.WriteString(c, "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
			return
		}
		used.Add(1)
		if req.Method == http.MethodConnect {
			_, _ = io.WriteString(c, "HTTP/1.1 200 Connection established\r\n\r\n")
			join(c, in, req.Host)
			return
		}
		req.Header.Del("Proxy-Authorization")
		req.Close = true
		r, w := io.Pipe()
		go func() { _ = w.CloseWithError(req.Write(w)) }()
		join(c, r, req.URL.Host)
	})
}

// socksProxy is a SOCKS5 proxy for one user.
func socksProxy(t testing.TB, used *atomic.Int64) string {
	return listen(t, func(c net.Conn) {
		read := func(n int) []byte {
			b := make([]byte, n)
			_, _ = io.ReadFull(c, b)
			return b
		}
		methods := read(int(read(2)[1]))
		if !strings.Contains(string(methods), "\x02") {
			_, _ = c.Write([]byte{5, 0xff})
			return
		}
		_, _ = c.Write([]byte{5, 2})
		user := read(int(read(2)[1]))
		pass := read(int(read(1)[0]))
		if string(user) != "user" || string(pass) != "pass" {
			_, _ = c.Write([]byte{1, 1})
			return
		}
		_, _ = c.Write([]byte{1, 0})
		host := ""
		switch read(4)[3] {
		case 1:
			host = net.IP(read(4)).String()
		case 3:
			host = string(read(int(read(1)[0])))
		}
		port := binary.BigEndian.Uint16(read(2))
		used.Add(1)
		_, _ = c.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
		join(c, c, net.JoinHostPort(host, (&net.TCPAddr{Port: int(port)}).String()[1:]))
	})
}

func TestProxies(t *testing.T) {
	root := newAuthority(t, "root", nil)
	plain := serve(t, say("plain")).URL
	secured := "https://" + serveTLS(t, serverOf(root), say("secured"))
	echo := listen(t, func(c net.Conn) { _, _ = io.Copy(c, c) })
	ca := fileOf(t, "ca.pem", certPEM(root.cert.Raw))
	var used atomic.Int64
	for _, kind := range []struct{ scheme, at string }{{"http", httpProxy(t, &used)}, {"socks5", socksProxy(t, &used)}} {
		t.Run(kind.scheme, func(t *testing.T) {
			for want, url := range map[string]string{"plain": plain, "secured": secured} {
				used.Store(0)
				c := testConfig(url)
				c.CAFile, c.Proxy = ca, config.NewSecret(kind.scheme+"://user:pass@"+kind.at)
				if got, err := ask(t, openGroup(t, c, testDeps()), ""); got != want || err != nil || used.Load() != 1 {
					t.Errorf("%s: got %q, %v through %d connections, want one", want, got, err, used.Load())
				}
			}
			used.Store(0)
			c := testConfig("tcp://" + echo)
			c.Proxy = config.NewSecret(kind.scheme + "://user:pass@" + kind.at)
			d := testDeps()
			d.Schemes = []string{"tcp", "tls"}
			conn, _, err := openGroup(t, c, d).Dial(t.Context(), "")
			if err != nil {
				t.Fatalf("dial: %v", err)
			}
			defer conn.Close()
			got := make([]byte, 4)
			if _, err := io.WriteString(conn, "ping"); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(conn, got); err != nil || string(got) != "ping" || used.Load() != 1 {
				t.Errorf("dial: got %q, %v, want ping", got, err)
			}
		})
		t.Run(kind.scheme+" with a wrong password", func(t *testing.T) {
			for _, url := range []string{plain, secured, "tcp://" + echo} {
				c := testConfig(url)
				c.CAFile, c.Proxy = ca, config.NewSecret(kind.scheme+"://user:canary@"+kind.at)
				d := testDeps()
				d.Schemes = []string{"http", "https", "tcp"}
				g := openGroup(t, c, d)
				var err error
				if strings.HasPrefix(url, "tcp") {
					_, _, err = g.Dial(t.Context(), "")
				} else {
					answer, e := g.RoundTrip(mustRequest(t))
					if err = e; err == nil { // a proxy's answer to a plain request is an answer
						if _ = answer.Body.Close(); answer.StatusCode != http.StatusProxyAuthRequired {
							t.Errorf("%s: got %d, want 407", url, answer.StatusCode)
						}
						continue
					}
				}
				var person *outputs.Misconfigured
				if !errors.As(err, &person) || !strings.Contains(err.Error(), "the proxy wants") || strings.Contains(err.Error(), "canary") {
					t.Errorf("%s: got %v, want advice about the proxy's password, without it", url, err)
				}
			}
		})
	}
}

func TestTheEnvironmentsProxyIsForHTTPAlone(t *testing.T) {
	var used atomic.Int64
	at := httpProxy(t, &used)
	t.Setenv("HTTP_PROXY", "http://user:pass@"+at)
	t.Setenv("NO_PROXY", "")
	// The rules of HTTP_PROXY leave out loopback addresses: a name is needed.
	g := openGroup(t, testConfig("http://es.invalid:9200"), testDeps())
	_, _ = ask(t, g, "")
	if used.Load() != 1 {
		t.Errorf("got %d uses of the proxy, want 1", used.Load())
	}
	c := testConfig("http://es.invalid:9200")
	c.Proxy = config.NewSecret(proxyNone)
	_, _ = ask(t, openGroup(t, c, testDeps()), "")
	if used.Load() != 1 {
		t.Errorf(`proxy = "none": got %d uses of it, want no more`, used.Load())
	}
}
