import type { Texts } from "../en";
import { LEAST_KBITS } from "../en/words";

const minutes = (seconds: number) => (seconds < 90 ? `${Math.round(seconds)} 秒` : `${Math.round(seconds / 60)} 分钟`);

export const verdict: Pick<Texts, "verdict"> = {
  verdict: {
    yours: "您的网络",
    line: {
      patient: "患者的网络",
      practitioner: "医生的网络",
      companion: "陪同者的网络",
      interpreter: "翻译的网络",
    },
    during: (seconds, of) => `全程 ${minutes(of)}中的 ${minutes(seconds)}`,
    good: "这次通话没有发现问题。",
    interrupted: (line, time) => `通话中断过：${line}断开，共${time}。`,
    loss: (line, percent, time) => `声音和画面断断续续：${line}最多丢失了 ${percent}% 的数据，约占${time}。`,
    narrow: (line, kbits, time) =>
      `画面很小或没有画面：${line}最差时${kbits < LEAST_KBITS ? "几乎不通" : `只有 ${kbits} kbit/s`}，约占${time}。`,
    delay: (line, seconds, time) => `对话有延迟：${line}往返最长 ${seconds} 秒，约占${time}。`,
    frozen: (line, time) => `画面停住：设备太忙或太慢（${line}），约占${time}。`,
  },
};
