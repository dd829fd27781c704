package jetstream

// ReadFiles makes a store read the log's files however little is to be read.
func (s *Store) ReadFiles() { s.worthFiles = 0 }
