package buffer

// signal wakes all who wait, without a goroutine for each. Its owner's lock guards it: take the channel under
// the lock that guards the condition, release the lock, then wait.
type signal struct{ ch chan struct{} }

func (s *signal) wait() <-chan struct{} {
	if s.ch == nil {
		s.ch = make(chan struct{})
	}
	return s.ch
}

func (s *signal) raise() {
	if s.ch != nil {
		close(s.ch)
		s.ch = nil
	}
}
