import type { Texts } from "../en";

export const quality: Pick<Texts, "quality"> = {
  quality: {
    noPicture: "网络暂时传不了画面，可以听到声音",
    sign: {
      hd: "已接通",
      sd: "画面清楚",
      low: "画面较小",
      stills: "声音和定时画面",
      audio: "只有声音",
      text: "声音不稳",
    },
    ownSign: {
      hd: "已接通",
      sd: "已接通",
      low: "您的画面较小",
      stills: "您的画面定时传一张",
      audio: "只传您的声音",
      text: "您的声音不稳",
    },
    because: {
      start: "网速不够",
      bandwidth: "网速变慢了",
      loss: "网络丢失较多",
      delay: "网络延迟变大了",
      freezes: "画面总是卡住",
      better: "网络好些了",
    },
    notice: {
      stills: (name) => `能听到${name}，画面每隔几秒传一张。`,
      audio: (name) => `能听到${name}，暂时没有画面。`,
      text: (name) => `几乎听不到${name}的声音。`,
      ownStills: "对方能听到您，您的画面每隔几秒传一张。",
      ownAudio: "对方能听到您，暂时看不到您。",
      ownText: "对方几乎听不到您的声音。",
      body: "现在的网络只够传这些，连续画面会自动恢复。",
      write: "重要的话请打字，文字能传到。我们一直在自动重试。",
    },
  },
};
