import type { Texts } from "../en";

export const flight: Pick<Texts, "flight"> = {
  flight: {
    open: "通话质量",
    title: "这次通话的网络情况",
    loading: "正在读取数据…",
    failed: "数据没有读到。",
    none: "这次通话没有数据：没有人接通，或者刚刚开始。",
    measures: { rate: "发送速率（kbit/s）", loss: "丢包（%）", delay: "往返时间（毫秒）", frozen: "画面停住（秒）" },
    figures: "用数字看",
    time: "开始后",
    minute: (minutes) => `${Number.isInteger(minutes) ? minutes : minutes.toFixed(1)} 分`,
  },
};
