package tail

// bodies is a worker's list of open files, the one used last in front. It is a ring through root.
type bodies struct {
	root generation
	n    int
}

func (l *bodies) init() {
	if l.root.next == nil {
		l.root.next, l.root.prev = &l.root, &l.root
	}
}

func (l *bodies) add(g *generation) {
	l.init()
	g.prev, g.next = &l.root, l.root.next
	g.prev.next, g.next.prev = g, g
	l.n++
}

func (l *bodies) remove(g *generation) {
	g.prev.next, g.next.prev = g.next, g.prev
	g.prev, g.next = nil, nil
	l.n--
}

// use puts g in front.
func (l *bodies) use(g *generation) {
	if l.root.next != g {
		l.remove(g)
		l.add(g)
	}
}

// idle returns the open file that was not used for the longest time and can be opened again, but not but; or nil.
func (l *bodies) idle(but *generation) *generation {
	l.init()
	for g := l.root.prev; g != &l.root; g = g.prev {
		if g != but && g.goneAt.IsZero() {
			return g
		}
	}
	return nil
}

func (l *bodies) closeAll() {
	l.init()
	for g := l.root.next; g != &l.root; g = g.next {
		g.body.Close()
	}
}

// keep makes b the body of g, and closes another one if too many are open.
func (w *worker) keep(g *generation, b *body) {
	g.body = b
	g.mu.Lock()
	g.held = b
	g.mu.Unlock()
	w.opened.add(g)
	w.t.metrics.open.Inc()
	w.t.open.Add(1)
	for w.opened.n > w.t.openEach {
		old := w.opened.idle(g)
		if old == nil {
			break
		}
		w.close(old)
	}
}

// close closes g's body. It is opened again when g has news.
func (w *worker) close(g *generation) {
	if g.body == nil {
		return
	}
	w.opened.remove(g)
	g.body.Close()
	g.body = nil
	g.mu.Lock()
	g.held = nil
	g.mu.Unlock()
	w.t.metrics.open.Dec()
	w.t.open.Add(-1)
}
