// For ThreadSanitizer builds only: librdkafka uses the C11 thread functions, which the sanitizer
// does not intercept, so it crashes in a thread it never saw begin and misses every hand-over
// between threads. Here they are, on top of the POSIX ones, which it does intercept. glibc gives
// both families the same objects.
#include <pthread.h>
#include <threads.h>
#include <time.h>

#include <cerrno>
#include <cstdint>

namespace {

struct Start {
  thrd_start_t run;
  void* argument;
};

void* run(void* opaque) {
  Start start = *static_cast<Start*>(opaque);
  delete static_cast<Start*>(opaque);
  return reinterpret_cast<void*>(static_cast<intptr_t>(start.run(start.argument)));
}

int result(int error) {
  switch (error) {
    case 0:
      return thrd_success;
    case ETIMEDOUT:
      return thrd_timedout;
    case EBUSY:
      return thrd_busy;
    case ENOMEM:
      return thrd_nomem;
    default:
      return thrd_error;
  }
}

pthread_mutex_t* posix(mtx_t* m) { return reinterpret_cast<pthread_mutex_t*>(m); }
pthread_cond_t* posix(cnd_t* c) { return reinterpret_cast<pthread_cond_t*>(c); }

}  // namespace

extern "C" {

int thrd_create(thrd_t* thread, thrd_start_t start, void* argument) {
  return result(pthread_create(thread, nullptr, run, new Start{start, argument}));
}
int thrd_join(thrd_t thread, int* code) {
  void* returned = nullptr;
  const int error = pthread_join(thread, &returned);
  if (code != nullptr) *code = static_cast<int>(reinterpret_cast<intptr_t>(returned));
  return result(error);
}
int thrd_detach(thrd_t thread) { return result(pthread_detach(thread)); }

int mtx_init(mtx_t* m, int type) noexcept {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  if ((type & mtx_recursive) != 0) pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
  return result(pthread_mutex_init(posix(m), &attributes));
}
int mtx_lock(mtx_t* m) { return result(pthread_mutex_lock(posix(m))); }
int mtx_trylock(mtx_t* m) noexcept { return result(pthread_mutex_trylock(posix(m))); }
int mtx_unlock(mtx_t* m) noexcept { return result(pthread_mutex_unlock(posix(m))); }
void mtx_destroy(mtx_t* m) noexcept { pthread_mutex_destroy(posix(m)); }

int cnd_init(cnd_t* c) noexcept { return result(pthread_cond_init(posix(c), nullptr)); }
int cnd_signal(cnd_t* c) noexcept { return result(pthread_cond_signal(posix(c))); }
int cnd_broadcast(cnd_t* c) noexcept { return result(pthread_cond_broadcast(posix(c))); }
int cnd_wait(cnd_t* c, mtx_t* m) { return result(pthread_cond_wait(posix(c), posix(m))); }
int cnd_timedwait(cnd_t* c, mtx_t* m, const timespec* until) {
  return result(pthread_cond_timedwait(posix(c), posix(m), until));
}
void cnd_destroy(cnd_t* c) noexcept { pthread_cond_destroy(posix(c)); }

}  // extern "C"
