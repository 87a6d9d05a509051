@rem The shells of Linux and macOS have `exec`, so that `npm start` passes every signal on; cmd.exe has not.
@%*
