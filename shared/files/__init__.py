"""File records and contents: what sessions receive and make.

Owns the PostgreSQL schema `files` and the content store (a directory or an S3-compatible store). Used in process by the
gateway (uploads in, contents out), the session service and the worker (what interview code reads and writes). The
`static` files of interview packages are not in here.

**Who can read a file.** Every content is sealed under a random key of its own, chunk by chunk, and lies at a random
location. The file's key is wrapped under the data key of the session it belongs to, so whoever opens the session opens
its files, and nobody else; `multi_user`, logging in and password changes re-wrap the session's key and reach the files
with it. A file that is to be seen beyond its session (`private: False`, `persistent: True`, `user_access()`,
`privilege_access()`) has its key wrapped under the server's key as well, for as long as it is so.

**How a file comes to be.** Contents are written first and claimed by the commit of a turn or task, never the other way
round:

1. A location is announced as a leftover that is due in some hours, then the sealed content is written there. Its key
   is nowhere but in this process: what nobody claims can be opened by nobody.
2. For an upload the gateway passes location and key on inside the sealed part of SubmitAnswers; for a file that
   interview code has written the service keeps them in memory while the run lasts.
3. The commit that saves the answers makes the row of `files.files`, wraps the key, and takes the location off the list
   of leftovers. The content it replaces becomes a leftover that is due in an hour: who reads it
   goes on, and temporary addresses lead to it.

Housekeeping removes leftovers that are due. Contents are never changed in place: a reader that has begun goes on with
the old ones.
"""
