/* The floor: what the kernel's share of a chat costs. One process reads a chunk of lines from a client and writes it,
   under the client's name, to every other client with one `send` each. No checks, no memory, nothing told to anybody:
   no chat server can be cheaper that calls `send` once for each reader.

   usage: send_alone PORT. Speaks the text of asyncio_tutorial.py: a name, `Welcome, NAME`, then `NAME: text`. */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST = 65536, CHUNK = 65536, LINE = 4096, NAME = 32, READY = 256 };

struct client { int fd; int place; char name[NAME]; size_t length; char rest[LINE]; };

static struct client *readers[MOST];  /* in no order */
static int count, poller;

static void leave(struct client *client)
{
    if (client->place >= 0) {
        readers[client->place] = readers[--count];
        readers[client->place]->place = client->place;
    }
    close(client->fd);
    free(client);
}

static void join(struct client *client, const char *line, size_t length)
{
    char welcome[NAME + 16];
    snprintf(client->name, NAME, "%.*s", (int)length, line);
    client->place = count;
    readers[count++] = client;
    send(client->fd, welcome, (size_t)snprintf(welcome, sizeof welcome, "Welcome, %s\r\n", client->name), 0);
}

/* Blocking, so that nothing is lost: the clients always read. */
static void say(struct client *speaker, const char *lines, size_t length)
{
    for (int i = 0; i < count; i++)
        if (readers[i] != speaker)
            send(readers[i]->fd, lines, length, MSG_NOSIGNAL);
}

/* Read a chunk; hand on its whole lines together, each under the client's name, and keep the rest. */
static void serve(struct client *client)
{
    static char in[LINE + CHUNK], out[(LINE + CHUNK) * 8];
    memcpy(in, client->rest, client->length);
    ssize_t got = recv(client->fd, in + client->length, CHUNK, 0);
    if (got <= 0) {
        leave(client);
        return;
    }
    char *at = in, *end = in + client->length + got, *newline, *to = out;
    while ((newline = memchr(at, '\n', (size_t)(end - at)))) {
        size_t length = (size_t)(newline - at) - (newline > at && newline[-1] == '\r');
        if (client->place < 0) {
            join(client, at, length);
        } else if (to + NAME + length + 4 < out + sizeof out) {
            to += sprintf(to, "%s: ", client->name);
            to = (char *)memcpy(to, at, length) + length;
            to = (char *)memcpy(to, "\r\n", 2) + 2;
        }
        at = newline + 1;
    }
    client->length = (size_t)(end - at) < LINE ? (size_t)(end - at) : 0;
    memcpy(client->rest, at, client->length);
    if (to > out)
        say(client, out, (size_t)(to - out));
}

static void welcome(int listener)
{
    struct client *client = calloc(1, sizeof *client);
    int on = 1;
    if (!client || (client->fd = accept(listener, NULL, NULL)) < 0) {
        free(client);
        return;
    }
    client->place = -1;
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
    epoll_ctl(poller, EPOLL_CTL_ADD, client->fd, &event);
}

int main(int argc, char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(argc > 1 ? argv[1] : ""))};
    struct epoll_event ready[READY], event = {.events = EPOLLIN, .data.ptr = NULL};
    int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 1024)) {
        perror("send_alone");
        return 1;
    }
    poller = epoll_create1(0);
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int found = epoll_wait(poller, ready, READY, -1);
        for (int i = 0; i < found; i++) {
            if (ready[i].data.ptr)
                serve(ready[i].data.ptr);
            else
                welcome(listener);
        }
    }
}
